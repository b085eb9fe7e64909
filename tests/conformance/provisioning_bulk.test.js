'use strict';
// azure-iot-provisioning-service: bulk operations, and every method in the form with a callback.
// (The promise of a bulk operation never settles, whatever the service answers; dps-service 2.6.)

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const endorsement_key = Buffer.from('an endorsement key').toString('base64');

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

/** `service[method](...parameters, callback)`: what the callback was given after the error. */
const called = (method, ...parameters) => new Promise((resolve, reject) => {
  service[method](...parameters, (error, body, response) =>
    (error ? reject(error) : resolve({ body, response })));
});

const codeOf = (error) => JSON.parse(error.responseBody).errorCode;
const refusedWith = (code) => (error) => {
  assert.equal(codeOf(error), code, error.responseBody);
  return true;
};

/** The result object, which comes with 200 whatever became of the items. */
async function bulk(mode, enrollments) {
  const { body, response } = await called('runBulkEnrollmentOperation', { enrollments, mode });
  assert.equal(response.statusCode, 200);
  assert.equal(body.isSuccessful, body.errors.length === 0);
  return body;
}

const fetched = async (id) => (await service.getIndividualEnrollment(id)).responseBody;
const absent = (id) => assert.rejects(fetched(id), refusedWith(404201));

describe('a bulk operation', () => {
  // DPS-SERVICE-30
  test('creates ten enrollments of every kind', async () => {
    const clientCertificates = { primary: { certificate: issue('bulk-x509').cert } };
    const enrollments = [
      ...Array.from({ length: 8 }, (_, i) => individual(`bulk-${i}`)),
      { registrationId: 'bulk-x509', attestation: { type: 'x509', x509: { clientCertificates } } },
      {
        registrationId: 'bulk-tpm',
        attestation: { type: 'tpm', tpm: { endorsementKey: endorsement_key } },
      },
    ];
    assert.deepEqual(await bulk('create', enrollments), { errors: [], isSuccessful: true });
    for (const { registrationId, attestation } of enrollments) {
      assert.equal((await fetched(registrationId)).attestation.type, attestation.type);
    }
  });

  // DPS-SERVICE-30: one bad item among good ones
  test('says which items failed, and does the others', async () => {
    await bulk('create', [individual('there')]);
    const result = await bulk('create', [
      individual('new-1'), individual('there'),
      individual('nonsense', { allocationPolicy: 'lottery' }), individual('new-2'),
    ]);
    assert.deepEqual(result.errors.map(({ registrationId, errorCode }) =>
      [registrationId, errorCode]), [['there', 409201], ['nonsense', 400004]]);
    assert.ok(result.errors.every(({ errorStatus }) => errorStatus.length > 0));
    await fetched('new-1');
    await fetched('new-2');
    await absent('nonsense');
  });

  // DPS-SERVICE-31: Node spells `updateIfMatchEtag`
  test('updates by etag in every spelling of its mode', async () => {
    await bulk('CREATE', [individual('moving')]);
    for (const mode of ['update', 'updateIfMatchEtag', 'updateIfMatchETag', 'UPDATE']) {
      const stored = await fetched('moving');
      assert.ok((await bulk(mode, [{ ...stored, deviceId: mode }])).isSuccessful, mode);
      assert.equal((await fetched('moving')).deviceId, mode);
    }
  });

  // dps-service 2.6, 14, 7
  test('guards against stale etags only where asked to', async () => {
    await bulk('create', [individual('stale')]);
    const first = await fetched('stale');
    await bulk('update', [{ ...first, deviceId: 'second' }]);
    const refused = await bulk('updateIfMatchETag', [{ ...first, deviceId: 'third' }]);
    assert.deepEqual(refused.errors.map(({ errorCode }) => errorCode), [412201]);
    assert.equal((await fetched('stale')).deviceId, 'second');
    assert.ok((await bulk('update', [{ ...first, deviceId: 'fourth' }])).isSuccessful);
    const unguarded = await bulk('update', [individual('stale')]);
    assert.deepEqual(unguarded.errors.map(({ errorCode }) => errorCode), [409201]);
    const missing = await bulk('update', [individual('never-there')]);
    assert.deepEqual(missing.errors.map(({ errorCode }) => errorCode), [404201]);
  });

  // DPS-SERVICE-32
  test('deletes by whole objects, by stale ones and by ids', async () => {
    await bulk('create', [individual('gone-1'), individual('gone-2'), individual('gone-3')]);
    const stale = await fetched('gone-2');
    await bulk('update', [stale]);
    const result = await bulk('delete',
      [await fetched('gone-1'), stale, { registrationId: 'gone-3' }, individual('not-there')]);
    assert.deepEqual(result.errors.map(({ registrationId, errorCode }) =>
      [registrationId, errorCode]), [['not-there', 404201]]);
    await Promise.all(['gone-1', 'gone-2', 'gone-3'].map(absent));
  });

  // dps-service 2.6: an ordinary error, and nothing is done
  test('is refused as a whole', async () => {
    const eleven = Array.from({ length: 11 }, (_, i) => individual(`many-${i}`));
    for (const operation of [
      { mode: 'create', enrollments: eleven },
      { mode: 'create', enrollments: [individual('twice'), individual('TWICE')] },
      { mode: 'upsert', enrollments: [individual('twice')] },
      { enrollments: [individual('twice')] },
      { mode: 'create' },
    ]) {
      await assert.rejects(called('runBulkEnrollmentOperation', operation), (error) => {
        assert.equal(error.name, 'ArgumentError');
        return refusedWith(400004)(error);
      });
    }
    await absent('many-0');
    await absent('twice');
  });
});

describe('with a callback', () => {
  // DPS-SERVICE-12, DPS-SERVICE-13, DPS-SERVICE-21, DPS-SERVICE-42
  test('an individual enrollment is made, read, changed and deleted', async () => {
    const { body: made } =
      await called('createOrUpdateIndividualEnrollment', individual('called'));
    const { body: read } = await called('getIndividualEnrollment', 'called');
    assert.equal(read.etag, made.etag);
    const { body: changed } =
      await called('createOrUpdateIndividualEnrollment', { ...read, deviceId: 'changed' });
    assert.equal(changed.deviceId, 'changed');
    await assert.rejects(called('createOrUpdateIndividualEnrollment', read), refusedWith(412201));
    await assert.rejects(called('deleteIndividualEnrollment', read), refusedWith(412201));
    await assert.rejects(
      called('deleteIndividualEnrollment', 'called', read.etag), refusedWith(412201));
    await called('deleteIndividualEnrollment', changed);
    await assert.rejects(called('getIndividualEnrollment', 'called'), refusedWith(404201));
  });

  // DPS-SERVICE-12: the three forms of each delete
  test('deletes take an id, an id with an etag, or an object', async () => {
    for (const parameters of [
      () => ['form'], (made) => ['form', made.etag], (made) => [made],
      (made) => [{ ...made, etag: undefined }],
    ]) {
      const { body: enrollment } =
        await called('createOrUpdateIndividualEnrollment', individual('form'));
      await called('deleteIndividualEnrollment', ...parameters(enrollment));
      await absent('form');
      const { body: made } = await called('createOrUpdateEnrollmentGroup', group('form'));
      await called('deleteEnrollmentGroup', ...parameters(made));
      await assert.rejects(called('getEnrollmentGroup', 'form'), refusedWith(404204));
    }
  });

  // DPS-SERVICE-21, DPS-SERVICE-40, DPS-SERVICE-42
  test('a group is made, read, changed and deleted', async () => {
    const { body: made } = await called('createOrUpdateEnrollmentGroup', group('called'));
    await assert.rejects(
      called('createOrUpdateEnrollmentGroup', group('called')), refusedWith(409202));
    const { body: changed } = await called('createOrUpdateEnrollmentGroup',
      { ...made, provisioningStatus: 'disabled' });
    assert.equal(changed.provisioningStatus, 'disabled');
    await assert.rejects(called('deleteEnrollmentGroup', 'called', made.etag),
      refusedWith(412202));
    await called('deleteEnrollmentGroup', 'called', changed.etag);
    await assert.rejects(called('deleteEnrollmentGroup', 'called'), refusedWith(404204));
  });

  // DPS-SERVICE-38: id, id with etag, object
  test('a registration is read and deleted in each form', async () => {
    const { body: made } = await called('createOrUpdateEnrollmentGroup', group('devices'));
    const key = sdk.derivedKey(made.attestation.symmetricKey.primaryKey, 'device');
    for (const parameters of [
      () => ['device'], (state) => ['device', state.etag], (state) => [state],
    ]) {
      await sdk.register(server, 'mqtt', sdk.byKey('device', key));
      const { body: state } = await called('getDeviceRegistrationState', 'device');
      assert.equal(state.status, 'assigned');
      await assert.rejects(
        called('deleteDeviceRegistrationState', 'device', 'c3RhbGU='), refusedWith(412203));
      await called('deleteDeviceRegistrationState', ...parameters(state));
      await assert.rejects(called('getDeviceRegistrationState', 'device'), refusedWith(404202));
    }
  });

  // DPS-SERVICE-17, DPS-SERVICE-18, DPS-SERVICE-37
  test('attestation mechanisms are shown for every kind', async () => {
    const clientCertificates = { primary: { certificate: issue('shown-x509').cert } };
    const signingCertificates = {
      primary: { certificate: issue('Shown CA', { ca: true }).cert },
    };
    await called('createOrUpdateIndividualEnrollment', {
      registrationId: 'shown-x509', attestation: { type: 'x509', x509: { clientCertificates } },
    });
    await called('createOrUpdateIndividualEnrollment', {
      registrationId: 'shown-tpm',
      attestation: { type: 'tpm', tpm: { endorsementKey: endorsement_key } },
    });
    await called('createOrUpdateIndividualEnrollment', individual('shown-key'));
    await called('createOrUpdateEnrollmentGroup', {
      enrollmentGroupId: 'shown-ca', attestation: { type: 'x509', x509: { signingCertificates } },
    });
    await called('createOrUpdateEnrollmentGroup', group('shown-key'));

    const mechanism = async (id) =>
      (await called('getIndividualEnrollmentAttestationMechanism', id)).body;
    const groupMechanism = async (id) =>
      (await called('getEnrollmentGroupAttestationMechanism', id)).body;
    assert.deepEqual(await mechanism('shown-tpm'),
      { type: 'tpm', tpm: { endorsementKey: endorsement_key } });
    const { info } = (await mechanism('shown-x509')).x509.clientCertificates.primary;
    assert.equal(info.subjectName, 'CN=shown-x509');
    const signer = (await groupMechanism('shown-ca')).x509.signingCertificates.primary;
    assert.equal(signer.info.subjectName, 'CN=Shown CA');
    assert.equal(signer.certificate, undefined);
    for (const shown of [await mechanism('shown-key'), await groupMechanism('shown-key')]) {
      assert.equal(Buffer.from(shown.symmetricKey.primaryKey, 'base64').length, 64);
    }
    await assert.rejects(mechanism('nobody'), refusedWith(404201));
    await assert.rejects(groupMechanism('nobody'), refusedWith(404204));
  });

  // DPS-SERVICE-35, DPS-SERVICE-36: the streaming form, page after page by callback
  test('a query streams over pages', async () => {
    const ids = Array.from({ length: 7 }, (_, i) => `streamed-${i}`);
    await bulk('create', ids.map((id) => individual(id)));
    const query = service.createIndividualEnrollmentQuery({ query: 'SELECT *' }, 2);
    const seen = [];
    await new Promise((resolve, reject) => {
      const take = (error, items) => {
        if (error) return reject(error);
        assert.ok(items.length > 0, 'an empty page');
        seen.push(...items.map(({ registrationId }) => registrationId));
        return query.hasMoreResults ? query.next(take) : resolve();
      };
      query.next(take);
    });
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(ids.every((id) => seen.includes(id)));
  });

  // DPS-SERVICE-33, DPS-SERVICE-35, DPS-SERVICE-38
  test("a group's registrations stream over pages", async () => {
    const { body: made } = await called('createOrUpdateEnrollmentGroup', group('crowd'));
    const ids = Array.from({ length: 5 }, (_, i) => `crowd-${i}`);
    await Promise.all(ids.map((id) => sdk.register(server, 'mqtt', sdk.byKey(id,
      sdk.derivedKey(made.attestation.symmetricKey.primaryKey, id)))));
    const query =
      service.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' }, 'crowd', 2);
    const sizes = [];
    const seen = [];
    while (query.hasMoreResults) {
      const { responseBody } = await query.next(query.continuationToken);
      sizes.push(responseBody.length);
      seen.push(...responseBody.map(({ registrationId }) => registrationId));
    }
    assert.deepEqual(sizes, [2, 2, 1]);
    assert.deepEqual(seen.sort(), ids);
  });
});
