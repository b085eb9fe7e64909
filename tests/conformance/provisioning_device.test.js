'use strict';
// azure-iot-provisioning-device over every transport with every proof. The SDK waits three seconds
// between its register and its first query, so registrations here run side by side.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const transports = Object.keys(sdk.provisioningTransports);
const together = { concurrency: true };

let server;
let service;
let root; // a CA of the configuration file, verified
let unproven; // likewise, not verified
const files = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-cas-'));

function pemFile(name, certificate) {
  const file = path.join(files, name);
  fs.writeFileSync(file, certificate.cert);
  return file;
}

const configuration = ([provisioning, north, south]) => `
[server]
listen = ["${provisioning}"]

[[hub]]
name = "north"
host = "${north}"

[[hub]]
name = "south"
host = "${south}"

[[instance]]
id_scope = "0ne00C0FFEE"
hosts = ["${provisioning}"]

[[instance.certificate]]
name = "factory-root"
file = "${pemFile('root.pem', root)}"

[[instance.certificate]]
name = "unproven-root"
file = "${pemFile('unproven.pem', unproven)}"
verified = false
`;

before(async () => {
  root = issue('Factory Root', { ca: true });
  unproven = issue('Unproven Root', { ca: true });
  server = await Server.start({ config: configuration });
  service = sdk.provisioningService(server);
  // with no group at all, who is unknown would be told that no enrollment exists
  await enrollGroup('some-keys', { type: 'symmetricKey' });
  const byReference = (primary) => ({ type: 'x509', x509: { caReferences: { primary } } });
  await enrollGroup('by-reference', byReference('factory-root'));
  await enrollGroup('by-unproven-reference', byReference('unproven-root'));
});

after(async () => {
  await server?.close();
  fs.rmSync(files, { recursive: true, force: true });
});

async function enroll(enrollment) {
  return (await service.createOrUpdateIndividualEnrollment(enrollment)).responseBody;
}

async function enrollGroup(enrollmentGroupId, attestation, more = {}) {
  const group = { enrollmentGroupId, attestation, ...more };
  return (await service.createOrUpdateEnrollmentGroup(group)).responseBody;
}

async function enrollByKey(registrationId, more = {}) {
  const made = await enroll({ registrationId, attestation: { type: 'symmetricKey' }, ...more });
  return made.attestation.symmetricKey.primaryKey;
}

const x509 = (container, certificate) =>
  ({ type: 'x509', x509: { [container]: { primary: { certificate: certificate.cert } } } });

/** The result is one that a device can work with: its hub knows it. */
async function assertAssigned(result, registration_id, device_id = registration_id) {
  assert.equal(result.status, 'assigned');
  assert.equal(result.substatus, 'initialAssignment');
  assert.equal(result.registrationId, registration_id);
  assert.equal(result.deviceId, device_id);
  assert.match(result.createdDateTimeUtc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.ok(!Object.values(result).includes(null), 'members without a value are left out');
  const hub = server.hub(result.assignedHub);
  assert.ok(hub, `${result.assignedHub} is none of the hubs`);
  const known = (await sdk.registry(hub).get(device_id)).responseBody;
  assert.equal(known.status, 'enabled');
  return known;
}

// DPS-DEVICE-1, DPS-DEVICE-4, DPS-DEVICE-9, DPS-DEVICE-10, DPS-DEVICE-11, DPS-DEVICE-12,
// DPS-DEVICE-13, DPS-DEVICE-17, DPS-DEVICE-22, DPS-DEVICE-23, DPS-DEVICE-26, DPS-DEVICE-28,
// DPS-DEVICE-36, DPS-DEVICE-39, DPS-DEVICE-58: the SDK fails if any of them does not hold
describe('provisioning', together, () => {
  for (const transport of transports) {
    const name = (kind) => `${kind}-${transport.replaceAll(' ', '-')}`;

    describe(`over ${transport}`, together, () => {
      test('an individual symmetric key registers', async () => {
        const key = await enrollByKey(name('key'));
        const result = await sdk.register(server, transport, sdk.byKey(name('key'), key));
        const known = await assertAssigned(result, name('key'));
        assert.equal(known.authentication.symmetricKey.primaryKey, key);
      });

      test('the secondary key is as good, and a deviceId of its own holds (DPS-DEVICE-60)',
        async () => {
          const id = name('secondary');
          const made = await enroll({
            registrationId: id, deviceId: `${id}-at-hub`, attestation: { type: 'symmetricKey' },
          });
          const key = made.attestation.symmetricKey.secondaryKey;
          const result = await sdk.register(server, transport, sdk.byKey(id, key));
          await assertAssigned(result, id, `${id}-at-hub`);
        });

      test('a key derived from its group registers (DPS-DEVICE-60)', async () => {
        const group = await enrollGroup(name('group'), { type: 'symmetricKey' });
        const id = name('member');
        const key = sdk.derivedKey(group.attestation.symmetricKey.primaryKey, id);
        const known = await assertAssigned(
          await sdk.register(server, transport, sdk.byKey(id, key)), id);
        assert.equal(known.authentication.symmetricKey.primaryKey, key);
      });

      test('an individual certificate registers (DPS-DEVICE-3, DPS-DEVICE-64)', async () => {
        const id = name('self-signed');
        const certificate = issue(id);
        await enroll({ registrationId: id, attestation: x509('clientCertificates', certificate) });
        const known = await assertAssigned(
          await sdk.register(server, transport, sdk.byCertificate(id, certificate)), id);
        assert.equal(known.authentication.type, 'selfSigned');
        assert.equal(known.authentication.x509Thumbprint.primaryThumbprint, certificate.thumbprint);
      });

      test('a chain of leaf and intermediate registers with a signing certificate', async () => {
        const signer = issue(name('Signer'), { ca: true });
        const intermediate = issue(name('Intermediate'), { ca: true, issuer: signer });
        const id = name('chained');
        await enrollGroup(name('signed'), x509('signingCertificates', signer));
        const leaf = issue(id, { issuer: intermediate });
        const result = await sdk.register(server, transport, sdk.byCertificate(id, leaf));
        await assertAssigned(result, id);
      });

      test('a leaf registers with a group that names a CA of the instance', async () => {
        const id = name('by-reference');
        const leaf = issue(id, { issuer: root });
        const result = await sdk.register(server, transport, sdk.byCertificate(id, leaf));
        await assertAssigned(result, id);
      });

      test('a payload is accepted, and none comes back without a webhook (DPS-DEVICE-19)',
        async () => {
          const key = await enrollByKey(name('payload'));
          const result = await sdk.register(server, transport, sdk.byKey(name('payload'), key),
            { payload: { model: 'x', numbers: [1, 2], nothing: null } });
          await assertAssigned(result, name('payload'));
          assert.equal(result.payload, undefined);
        });

      test('registering again, in another case too, keeps hub and device (DPS-DEVICE-65)',
        async () => {
          const key = await enrollByKey(name('again'));
          const first = await sdk.register(server, transport, sdk.byKey(name('again'), key));
          const hub = server.hub(first.assignedHub);
          const before_ = (await sdk.registry(hub).get(name('again'))).responseBody;
          const second = await sdk.register(server, transport, sdk.byKey(name('AGAIN'), key));
          assert.equal(second.assignedHub, first.assignedHub);
          assert.equal(second.deviceId, first.deviceId);
          const after_ = (await sdk.registry(hub).get(name('again'))).responseBody;
          assert.equal(after_.generationId, before_.generationId);
        });

      test('the initial twin is at the hub', async () => {
        const id = name('twin');
        const key = await enrollByKey(id, {
          initialTwin: { tags: { site: 'north' }, properties: { desired: { period: 30 } } },
        });
        const result = await sdk.register(server, transport, sdk.byKey(id, key));
        const twin = (await sdk.registry(server.hub(result.assignedHub)).getTwin(id)).responseBody;
        assert.equal(twin.tags.site, 'north');
        assert.equal(twin.properties.desired.period, 30);
      });

      describe('refused is', together, () => refusals(transport, name));
    });
  }
});

/** The SDK's error has this name; the server's document in it this code, and the log its id. */
async function assertRefused(registering, name, error_code) {
  const error = await registering.then(
    (result) => assert.fail(`registered: ${JSON.stringify(result)}`), (failure) => failure);
  const document = error.result ?? JSON.parse(error.responseBody);
  assert.equal(error.name, name, JSON.stringify(document));
  assert.equal(document.errorCode, error_code);
  assert.match(document.trackingId, /^[0-9a-f-]{36}$/);
  assert.equal(Number.isNaN(Date.parse(document.timestampUtc)), false);
  await sdk.eventually(() => assert.match(server.log(), new RegExp(document.trackingId)));
}

// DPS-DEVICE-14: a status of its own, which this SDK reports as one that it does not know
async function assertDisabled(registering) {
  await assert.rejects(registering, (error) => {
    assert.equal(error.message, 'status is disabled');
    assert.equal(error.result.registrationState.status, 'disabled');
    assert.equal(error.result.registrationState.assignedHub, undefined);
    return true;
  });
}

// DPS-DEVICE-20, DPS-DEVICE-33, DPS-DEVICE-41: the reason arrives as the answer to the register
function refusals(transport, name) {
  const registering = (security, more) => sdk.register(server, transport, security, more);
  const keyRefused = (id, key) =>
    assertRefused(registering(sdk.byKey(id, key)), 'UnauthorizedError', 401000);
  const certificateRefused = (id, certificate) => assertRefused(
    registering(sdk.byCertificate(id, certificate)), 'UnauthorizedError', 401002);
  const some_key = crypto.randomBytes(32).toString('base64');

  test('an unknown id', () => keyRefused(name('nobody'), some_key));

  test('a wrong key', async () => {
    await enrollByKey(name('wrong-key'));
    await keyRefused(name('wrong-key'), some_key);
  });

  test('the key of another device of the group', async () => {
    const group = await enrollGroup(name('mixed-up'), { type: 'symmetricKey' });
    const key = sdk.derivedKey(group.attestation.symmetricKey.primaryKey, name('sister'));
    await keyRefused(name('brother'), key);
  });

  test('a wrong ID scope', async () => {
    const key = await enrollByKey(name('wrong-scope'));
    const elsewhere = registering(sdk.byKey(name('wrong-scope'), key), { scope: '0ne00DEAD00' });
    // over HTTPS the SDK has no class for a 404 that names no device
    await assertRefused(elsewhere, transport === 'http' ? 'Error' : 'DeviceNotFoundError', 404000);
  });

  test('a disabled enrollment', async () => {
    const key = await enrollByKey(name('disabled'), { provisioningStatus: 'disabled' });
    await assertDisabled(registering(sdk.byKey(name('disabled'), key)));
  });

  test('a disabled individual although its group would let it in', async () => {
    const group = await enrollGroup(name('shadowed-group'), { type: 'symmetricKey' });
    const id = name('shadowed');
    const primaryKey = sdk.derivedKey(group.attestation.symmetricKey.primaryKey, id);
    const symmetricKey = { primaryKey, secondaryKey: some_key };
    await enroll({
      registrationId: id, provisioningStatus: 'disabled',
      attestation: { type: 'symmetricKey', symmetricKey },
    });
    await assertDisabled(registering(sdk.byKey(id, primaryKey)));
  });

  test('an expired certificate', async () => {
    const id = name('expired');
    const certificate = issue(id, { days: -1 });
    await enroll({ registrationId: id, attestation: x509('clientCertificates', certificate) });
    await certificateRefused(id, certificate);
  });

  test('a certificate for another name (DPS-DEVICE-64)', async () => {
    const id = name('misnamed');
    const certificate = issue(`not-${id}`);
    await enroll({ registrationId: id, attestation: x509('clientCertificates', certificate) });
    await certificateRefused(id, certificate);
  });

  test('a certificate of the same name that is not the enrolled one', async () => {
    const id = name('impostor');
    await enroll({ registrationId: id, attestation: x509('clientCertificates', issue(id)) });
    await certificateRefused(id, issue(id));
  });

  test('a chain without its intermediate', async () => {
    const signer = issue(name('Lonely Signer'), { ca: true });
    await enrollGroup(name('lonely'), x509('signingCertificates', signer));
    const id = name('incomplete');
    const leaf = issue(id, { issuer: issue('Missing', { ca: true, issuer: signer }) });
    await certificateRefused(id, { ...leaf, chain: leaf.cert });
  });

  test('a signer that is no CA', async () => {
    const signer = issue(name('Strict Signer'), { ca: true });
    await enrollGroup(name('strict'), x509('signingCertificates', signer));
    const id = name('by-leaf');
    const leaf = issue(id, { issuer: issue('Leaf That Signs', { issuer: signer }) });
    await certificateRefused(id, leaf);
  });

  test('a CA of the instance that nobody verified', async () => {
    const id = name('unproven');
    await certificateRefused(id, issue(id, { issuer: unproven }));
  });
}
