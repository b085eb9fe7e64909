'use strict';
// azure-iot-provisioning-service: the operator's side, and what its requests look like on the wire.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { ProvisioningServiceClient } = require('azure-iot-provisioning-service');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let service;

before(async () => {
  server = await Server.start();
  service = sdk.provisioningService(server);
});

after(() => server?.close());

const individual = (registrationId, more = {}) =>
  ({ registrationId, attestation: { type: 'symmetricKey' }, ...more });
const group = (enrollmentGroupId, more = {}) =>
  ({ enrollmentGroupId, attestation: { type: 'symmetricKey' }, ...more });

const putIndividual = async (document) =>
  (await service.createOrUpdateIndividualEnrollment(document)).responseBody;
const getIndividual = async (id) => (await service.getIndividualEnrollment(id)).responseBody;
const putGroup = async (document) =>
  (await service.createOrUpdateEnrollmentGroup(document)).responseBody;

/** The SDK's error has this name, the document in it this code. */
async function assertRefused(promise, name, error_code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.name, name, error.message);
    assert.equal(JSON.parse(error.responseBody).errorCode, error_code);
    return true;
  });
}

test('with no enrollment at all, a device is told that there is none for it', async () => {
  const key = Buffer.alloc(32).toString('base64');
  await assert.rejects(sdk.register(server, 'mqtt', sdk.byKey('too-early', key)), (error) => {
    assert.equal(error.name, 'DeviceNotFoundError');
    assert.equal(error.result.errorCode, 404201);
    return true;
  });
});

describe('an individual enrollment', () => {
  // DPS-SERVICE-12, DPS-SERVICE-13, DPS-SERVICE-14, DPS-SERVICE-15, DPS-SERVICE-18, DPS-SERVICE-19
  test('is created with keys, which a GET does not show', async () => {
    const { responseBody: made, httpResponse } =
      await service.createOrUpdateIndividualEnrollment(individual('created'));
    assert.equal(httpResponse.statusCode, 200);
    assert.equal(made.provisioningStatus, 'enabled');
    assert.ok(made.etag && made.createdDateTimeUtc && made.lastUpdatedDateTimeUtc);
    const { primaryKey, secondaryKey } = made.attestation.symmetricKey;
    assert.equal(Buffer.from(primaryKey, 'base64').length, 64);
    assert.notEqual(primaryKey, secondaryKey);
    const read = await getIndividual('created');
    assert.deepEqual(read.attestation, { type: 'symmetricKey' });
    assert.equal(read.etag, made.etag);
    assert.ok(!JSON.stringify(read).includes('null'));
  });

  // DPS-SERVICE-16, DPS-SERVICE-27
  test('shows its registration: none yet', async () => {
    await putIndividual(individual('idle'));
    assert.deepEqual((await getIndividual('idle')).registrationState,
      { registrationId: 'idle', status: 'unassigned' });
  });

  // DPS-SERVICE-18, DPS-SERVICE-37
  test('shows its keys as attestation mechanism', async () => {
    const made = await putIndividual(individual('mechanism'));
    const { responseBody } = await service.getIndividualEnrollmentAttestationMechanism('mechanism');
    assert.deepEqual(responseBody, made.attestation);
  });

  // DPS-SERVICE-20, DPS-SERVICE-23: what was fetched goes back, changed; keys and certificate stay
  test('is updated by putting back what was fetched', async () => {
    const made = await putIndividual(individual('updated', { deviceId: 'first' }));
    const fetched = await getIndividual('updated');
    const changed = await putIndividual({ ...fetched, deviceId: 'second' });
    assert.equal(changed.deviceId, 'second');
    assert.notEqual(changed.etag, made.etag);
    assert.equal(changed.createdDateTimeUtc, made.createdDateTimeUtc);
    const { responseBody } = await service.getIndividualEnrollmentAttestationMechanism('updated');
    assert.deepEqual(responseBody, made.attestation);
  });

  // DPS-SERVICE-20, DPS-SERVICE-25, DPS-SERVICE-26
  test('by certificate shows what is in it, and survives the same', async () => {
    const certificate = issue('certified');
    const attestation = {
      type: 'x509', x509: { clientCertificates: { primary: { certificate: certificate.cert } } },
    };
    await putIndividual({ registrationId: 'certified', attestation });
    const fetched = await getIndividual('certified');
    const { primary } = fetched.attestation.x509.clientCertificates;
    assert.equal(primary.certificate, undefined);
    assert.equal(primary.info.sha256Thumbprint, certificate.thumbprint);
    assert.equal(primary.info.subjectName, 'CN=certified');
    assert.equal(primary.info.issuerName, 'CN=certified');
    assert.equal(primary.info.version, 3);
    assert.match(primary.info.sha1Thumbprint, /^[0-9A-F]{40}$/);
    assert.match(primary.info.serialNumber, /^[0-9A-F]+$/);
    assert.match(primary.info.notBeforeUtc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assert.match(primary.info.notAfterUtc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    const again = await putIndividual({ ...fetched, deviceId: 'renamed' });
    assert.deepEqual(again.attestation.x509.clientCertificates.primary.info, primary.info);
  });

  // DPS-SERVICE-24, DPS-SERVICE-28
  test('gives back what it was given', async () => {
    const members = {
      deviceId: 'elsewhere',
      initialTwin: { tags: { a: [1, { b: null }] }, properties: { desired: { c: 1.5 } } },
      optionalDeviceInformation: { colour: 'red' },
      iotHubs: [server.ready.hubs[0].hostName],
      allocationPolicy: 'custom',
      customAllocationDefinition: { webhookUrl: 'https://web.hook', apiVersion: '2019-03-31' },
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      capabilities: { iotEdge: true },
    };
    await putIndividual(individual('complete', members));
    const read = await getIndividual('complete');
    for (const [name, value] of Object.entries(members)) assert.deepEqual(read[name], value, name);
  });

  // DPS-SERVICE-21, DPS-SERVICE-22, DPS-SERVICE-42
  test('is not overwritten by accident', async () => {
    const made = await putIndividual(individual('guarded'));
    await assertRefused(putIndividual(individual('guarded')), 'DeviceAlreadyExistsError', 409201);
    await putIndividual({ ...made, deviceId: 'x' });
    await assertRefused(putIndividual({ ...made, deviceId: 'y' }), 'InvalidEtagError', 412201);
    await assertRefused(
      service.deleteIndividualEnrollment('guarded', made.etag), 'InvalidEtagError', 412201);
    await putIndividual({ ...made, deviceId: 'z', etag: '*' });
    assert.equal((await getIndividual('guarded')).deviceId, 'z');
  });

  // DPS-SERVICE-12, DPS-SERVICE-40
  test('is deleted once', async () => {
    const made = await putIndividual(individual('deleted'));
    await service.deleteIndividualEnrollment(made);
    const not_found = (error) => JSON.parse(error.responseBody).errorCode === 404201;
    await assert.rejects(service.getIndividualEnrollment('deleted'), not_found);
    await assert.rejects(service.deleteIndividualEnrollment('deleted'), not_found);
  });

  test('that makes no sense is refused and not kept', async () => {
    const bad = individual('nonsense', { allocationPolicy: 'lottery' });
    await assert.rejects(putIndividual(bad), { name: 'ArgumentError' });
    await assert.rejects(getIndividual('nonsense'));
  });
});

describe('an enrollment group', () => {
  // DPS-SERVICE-13, DPS-SERVICE-18, DPS-SERVICE-29, DPS-SERVICE-37
  test('is created, fetched, updated, and shows its keys on demand', async () => {
    const made = await putGroup(group('fleet', { capabilities: { iotEdge: true } }));
    const fetched = (await service.getEnrollmentGroup('fleet')).responseBody;
    assert.deepEqual(fetched.attestation, { type: 'symmetricKey' });
    assert.deepEqual(fetched.capabilities, { iotEdge: true });
    const changed = await putGroup({ ...fetched, provisioningStatus: 'disabled' });
    assert.equal(changed.provisioningStatus, 'disabled');
    const { responseBody } = await service.getEnrollmentGroupAttestationMechanism('fleet');
    assert.deepEqual(responseBody, made.attestation);
  });

  // DPS-SERVICE-20
  test('by signing certificate survives an update without it', async () => {
    const signer = issue('Signer', { ca: true });
    const signingCertificates = { primary: { certificate: signer.cert } };
    await putGroup({
      enrollmentGroupId: 'signed', attestation: { type: 'x509', x509: { signingCertificates } },
    });
    const fetched = (await service.getEnrollmentGroup('signed')).responseBody;
    await putGroup({ ...fetched, capabilities: { iotEdge: false } });
    const leaf = issue('survivor', { issuer: signer });
    const result = await sdk.register(server, 'mqtt', sdk.byCertificate('survivor', leaf));
    assert.equal(result.status, 'assigned');
  });

  // DPS-SERVICE-21, DPS-SERVICE-40, DPS-SERVICE-42
  test('is not overwritten or deleted by accident', async () => {
    const made = await putGroup(group('guarded'));
    await assertRefused(putGroup(group('guarded')), 'DeviceAlreadyExistsError', 409202);
    await putGroup({ ...made, provisioningStatus: 'disabled' });
    await assertRefused(service.deleteEnrollmentGroup(made), 'InvalidEtagError', 412202);
    await service.deleteEnrollmentGroup('guarded');
    await assert.rejects(service.getEnrollmentGroup('guarded'),
      (error) => JSON.parse(error.responseBody).errorCode === 404204);
  });
});

describe('queries', () => {
  async function pages(query) {
    const found = [];
    while (query.hasMoreResults && found.length < 100) {
      // without an argument the SDK starts over
      const { result, response } = await query.next(query.continuationToken)
        .then((page) => ({ result: page.responseBody, response: page.httpResponse }));
      found.push({ items: result, type: response.headers['x-ms-item-type'], response });
    }
    return found;
  }

  // DPS-SERVICE-7, DPS-SERVICE-33, DPS-SERVICE-34, DPS-SERVICE-35, DPS-SERVICE-36
  test('return everything, in pages, and no empty one', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `paged-${i}`);
    await Promise.all(ids.map((id) => putIndividual(individual(id))));
    const all = await pages(service.createIndividualEnrollmentQuery({ query: '*' }));
    assert.equal(all.length, 1);
    const total = all[0].items.length;
    const size = 3;
    const paged = await pages(service.createIndividualEnrollmentQuery({ query: 'nonsense' }, size));
    assert.equal(paged.length, Math.ceil(total / size));
    assert.ok(paged.every((page) => page.type === 'Enrollment'));
    assert.ok(paged.slice(0, -1).every((page) => page.items.length === size));
    const found = paged.flatMap((page) => page.items.map((item) => item.registrationId));
    assert.equal(new Set(found).size, total);
    assert.ok(ids.every((id) => found.includes(id)));
    assert.ok(paged[0].response.rawHeaders.includes('x-ms-continuation'));
  });

  // DPS-SERVICE-34, and beyond it: the reference's service looks at no text
  test('filter if their text can be read, and say so', async () => {
    const tags = { line: 'seven' };
    await putIndividual(individual('filter-1', { initialTwin: { tags } }));
    await putIndividual(individual('filter-2', {
      initialTwin: { tags }, provisioningStatus: 'disabled',
    }));
    const run = async (text) => {
      const [page] = await pages(service.createIndividualEnrollmentQuery({ query: text }));
      return {
        ids: page.items.map((item) => item.registrationId),
        verdict: page.response.headers['x-muster-query'],
      };
    };
    const where = "SELECT * FROM enrollments WHERE initialTwin.tags.line = 'seven'";
    assert.deepEqual(await run(where), { ids: ['filter-1', 'filter-2'], verdict: 'filtered' });
    assert.deepEqual(await run(`${where} AND provisioningStatus = 'disabled'`),
      { ids: ['filter-2'], verdict: 'filtered' });
    assert.equal((await run('SELECT * FROM enrollments')).verdict, 'everything');
    const { ids, verdict } = await run('SELECT * FROM enrollments WHERE nonsense');
    assert.match(verdict, /^ignored; [ -~]+$/);
    assert.ok(ids.length > 2);
  });

  // DPS-SERVICE-33
  test('of groups carry their own item type', async () => {
    await putGroup(group('queried'));
    const found = await pages(service.createEnrollmentGroupQuery({ query: '*' }));
    assert.equal(found[0].type, 'EnrollmentGroup');
    assert.ok(found[0].items.some((item) => item.enrollmentGroupId === 'queried'));
    assert.ok(found[0].items.every((item) => !item.attestation.symmetricKey));
  });
});

describe('registrations', () => {
  // DPS-SERVICE-33, DPS-SERVICE-38, DPS-SERVICE-39
  test('are shown as the device saw them, listed by group, and forgotten', async () => {
    const made = await putGroup(group('registered'));
    const key = sdk.derivedKey(made.attestation.symmetricKey.primaryKey, 'reg-1');
    const seen = await sdk.register(server, 'mqtt', sdk.byKey('reg-1', key));
    const state = (await service.getDeviceRegistrationState('reg-1')).responseBody;
    for (const name of ['assignedHub', 'deviceId', 'status', 'substatus', 'etag',
      'createdDateTimeUtc', 'lastUpdatedDateTimeUtc']) {
      assert.equal(state[name], seen[name], name);
    }
    const query = service.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' },
      'registered');
    const page = await query.next();
    assert.deepEqual(page.responseBody.map((item) => item.registrationId),
      ['reg-1']);
    await assertRefused(
      service.deleteDeviceRegistrationState('reg-1', 'c3RhbGU='), 'InvalidEtagError', 412203);
    await service.deleteDeviceRegistrationState('reg-1', state.etag);
    await assert.rejects(service.getDeviceRegistrationState('reg-1'),
      (error) => error.response.statusCode === 404);
    const hub = server.hub(seen.assignedHub);
    assert.equal((await sdk.registry(hub).get('reg-1')).responseBody.deviceId, 'reg-1');
  });
});

describe('access', () => {
  // DPS-SERVICE-11
  for (const [what, change] of [
    ['a wrong key', (text) => text.replace(/SharedAccessKey=.*/, 'SharedAccessKey=AAAA')],
    ['an unknown policy', (text) => text.replace('provisioningserviceowner', 'nobody')],
  ]) {
    test(`with ${what} is refused`, async () => {
      const text = change(server.ready.serviceConnectionString);
      const intruder = ProvisioningServiceClient.fromConnectionString(text);
      await assert.rejects(intruder.getIndividualEnrollment('any'), (error) => {
        assert.equal(error.name, 'UnauthorizedError');
        const document = JSON.parse(error.responseBody);
        assert.equal(Math.floor(document.errorCode / 1000), 401);
        assert.ok(document.trackingId);
        return true;
      });
    });
  }
});

describe('on the wire', () => {
  const call = (method, target, { body, ...headers } = {}) => sdk.send(
    server.ready.provisioningHost, method, target, {
      body,
      headers: {
        Authorization: sdk.serviceToken(server.ready.serviceConnectionString),
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
    });

  // DPS-SERVICE-2, DPS-SERVICE-3, DPS-SERVICE-4, DPS-SERVICE-5, DPS-SERVICE-6, DPS-SERVICE-8
  test('every answer has a reason phrase, a header and a length', async () => {
    const body = JSON.stringify(individual('a:b'));
    const put = await call('PUT', '/Enrollments/a%3ab/?api-version=2021-10-01', {
      body, Host: `${server.ready.provisioningHost}:443`, UserAgent: 'iothub_dps_prov_client/1.0',
    });
    assert.equal(put.status, 200, put.text);
    assert.equal(put.reason, 'OK');
    assert.match(put.headers['content-type'], /^application\/json/);
    assert.equal(Number(put.headers['content-length']), Buffer.byteLength(put.text));
    const erased = await call('DELETE', '/enrollments/a%3Ab?api-version=2021-10-01',
      { 'Content-Length': '0', 'Content-Type': 'application/json' });
    assert.equal(erased.status, 204);
    assert.equal(erased.reason, 'No Content');
    assert.ok(erased.raw_headers.length > 0);
    assert.equal(erased.text, '');
  });

  test('broken documents change nothing', async () => {
    const twice = '{"registrationId":"broken","registrationId":"broken"}';
    for (const body of ['{', '[]', twice, '\xff']) {
      const put = await call('PUT', '/enrollments/broken?api-version=2021-10-01', { body });
      assert.equal(put.status, 400, body);
      assert.equal(Math.floor(put.body.errorCode / 1000), 400);
    }
    const read = await call('GET', '/enrollments/broken?api-version=2021-10-01');
    assert.equal(read.status, 404);
  });

  test('an id in the body must be the one in the path', async () => {
    const body = JSON.stringify(individual('other'));
    const put = await call('PUT', '/enrollments/this?api-version=2021-10-01', { body });
    assert.equal(put.status, 400);
  });
});
