'use strict';
// What an operator asks the server by the command line: who may do what, which instances there are,
// who changed what, what happened to a device, and why.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { issue } = require('./support/certificates');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const exit = { ok: 0, usage: 2, not_found: 3, unauthorized: 4, conflict: 5 };

let server;

before(async () => { server = await Server.start(); });
after(() => server?.close());

/** As the administrator of the server's data folder, or with a token of one's own. */
const run_as = (token, ...parameters) =>
  muster(parameters, { env: { MUSTER_DATA: server.data, ...(token && { MUSTER_TOKEN: token }) } });

const run = (...parameters) => run_as(undefined, ...parameters);

async function ok(...parameters) {
  const { code, stdout, stderr } = await run(...parameters);
  assert.equal(code, exit.ok, stdout + stderr);
  return stdout;
}

const json = async (...parameters) => JSON.parse(await ok(...parameters, '--output', 'json'));

async function fails(code, ...parameters) {
  const result = await run(...parameters);
  assert.equal(result.code, code, result.stdout + result.stderr);
  assert.equal(result.stdout, '');
  return result.stderr;
}

function file(name, content) {
  const at = path.join(server.data, name);
  fs.writeFileSync(at, content);
  return at;
}

/** The device's own error, with the answer that it got. */
async function refused(id, key) {
  try {
    await sdk.register(server, 'http', sdk.byKey(id, key));
  } catch (error) {
    return error;
  }
  return assert.fail('it was let in');
}

const wrong_key = Buffer.alloc(32, 7).toString('base64');

test('token: what it reaches and what it may, until it is revoked', async () => {
  const token = (await ok('token', 'create', 'ci', '--role', 'contributor', '--tenant', 'team-a',
    '--days', '1')).trim();
  assert.match(token, /^mst_[0-9a-f]{16}_[\w-]{43}$/);
  assert.equal((await run_as(token, 'instance', 'list')).code, exit.ok);
  assert.equal((await run_as(token, 'instance', 'show', 'muster')).code, exit.not_found);
  assert.equal((await run_as(token, 'token', 'list')).code, exit.unauthorized);
  const elsewhere = await run_as(token, 'instance', 'create', 'x', '--tenant', 'team-b');
  assert.equal(elsewhere.code, exit.unauthorized);

  const listed = await json('token', 'list');
  const [ci] = listed.filter((one) => one.name === 'ci');
  assert.equal(ci.tenant, 'team-a');
  assert.equal(ci.createdBy, 'token:local');
  assert.ok(!JSON.stringify(listed).includes(token.slice(21)), 'it was shown once');
  await ok('token', 'revoke', ci.id);
  assert.equal((await run_as(token, 'instance', 'list')).code, exit.unauthorized);
  await fails(exit.not_found, 'token', 'revoke', ci.id);
  await fails(exit.conflict, 'token', 'create', 'local');
  await fails(exit.usage, 'token', 'create', 'king', '--role', 'king');
});

test('instance: create, change, rotate, delete', async () => {
  const made = await json('instance', 'create', 'north', '--tenant', 'team-n', '--hub', 'hub-1',
    '--groups-max', '1', '--location', 'oslo');
  assert.match(made.idScope, /^0ne/);
  assert.deepEqual(made.quotas, { enrollmentGroups: 1 });
  assert.equal(made.hubs[0].name, server.ready.hubs[0].hostName);
  assert.equal(made.hubs[0].connectionString, undefined);
  await fails(exit.conflict, 'instance', 'create', 'north');
  await fails(exit.not_found, 'instance', 'update', 'south', '--location', 'x');
  await fails(exit.usage, 'instance', 'create', 'south', '--hub', 'hub-9');
  assert.equal((await json('instance', 'update', 'north', '--location', 'x')).location, 'x');

  const before_it = JSON.parse(await ok('instance', 'show', 'north', '--keys')).policies[0];
  const rotated = JSON.parse(await ok('instance', 'rotate', 'north', '--slot', 'secondary'));
  assert.equal(rotated.primaryKey, before_it.primaryKey);
  assert.notEqual(rotated.secondaryKey, before_it.secondaryKey);
  await fails(exit.not_found, 'instance', 'rotate', 'north', '--policy', 'p', '--slot', 'primary');

  await fails(exit.usage, 'instance', 'delete', 'north');
  await ok('instance', 'delete', 'north', '--yes');
  await sdk.eventually(() => fails(exit.not_found, 'instance', 'show', 'north'));
  await fails(exit.not_found, 'instance', 'delete', 'north', '--yes');
  assert.equal((await json('instance', 'list')).length, 1);
});

test('events: a refusal is found by what the device knows of it', async () => {
  await ok('enrollment', 'create', 'dev-1');
  const error = await refused('dev-1', wrong_key);
  const { trackingId } = JSON.parse(error.responseBody ?? error.result?.body ?? '{}');
  const by_id = await json('events', '--id', 'DEV-1');
  assert.equal(by_id.length, 1);
  assert.equal(by_id[0].kind, 'refused');
  if (trackingId) assert.equal(by_id[0].trackingId, trackingId);
  const by_tracking = await json('events', '--tracking-id', by_id[0].trackingId);
  assert.deepEqual(by_tracking, by_id);
  assert.deepEqual(await json('events', '--until', by_id[0].at), []);
  const text = await ok('events', '--id', 'dev-1');
  assert.match(text, /enrollment 'dev-1': key_mismatch: /);
  assert.match(text, /-> Compare the device's key/);
  await fails(exit.usage, 'events', '--from', 'yesterday');
});

test('timeline: attempts, verdicts and assignments in order', async () => {
  const made = await json('enrollment', 'create', 'dev-2');
  await refused('dev-2', wrong_key);
  await sdk.register(server, 'mqtt',
    sdk.byKey('dev-2', made.attestation.symmetricKey.primaryKey));
  const kinds = (await json('timeline', 'dev-2')).map((event) => event.kind);
  assert.deepEqual(kinds, ['refused', 'assigned']);
  await fails(exit.not_found, 'timeline', 'dev-3');
});

test('explain: what it says is what happens', async () => {
  const made = await json('enrollment', 'create', 'dev-4');
  const key = made.attestation.symmetricKey.primaryKey;
  const predicted = await json('explain', 'dev-4', '--key', key);
  assert.equal(predicted.outcome, 'assigned');
  await fails(exit.not_found, 'registration', 'show', 'dev-4');
  const seen = await sdk.register(server, 'http', sdk.byKey('dev-4', key));
  assert.equal(seen.assignedHub, predicted.hub);
  assert.equal((await json('explain', 'dev-4')).currentHub, seen.assignedHub);
  const refused = await ok('explain', 'dev-4', '--key', wrong_key);
  assert.match(refused, /would be refused[^]*key_mismatch/);
  assert.match(await ok('explain', 'nobody'), /no_enrollment/);
  await fails(exit.usage, 'explain', 'no id');
});

test('explain: against certificates and a configuration that is not applied', async () => {
  const root = issue('root', { ca: true });
  const leaf = issue('dev-5', { issuer: root });
  const chain = file('dev-5.pem', leaf.cert + root.cert);
  assert.equal((await json('explain', 'dev-5', '--certificate', chain)).outcome, 'refused');
  const config = file('proposed.json', JSON.stringify({
    kind: 'EnrollmentGroup',
    name: 'by-root',
    spec: {
      attestation: {
        type: 'x509', x509: { signingCertificates: { primary: { certificate: root.cert } } },
      },
    },
  }));
  const parameters = ['explain', 'dev-5', '--certificate', chain, '--config', config];
  const proposed = await json(...parameters);
  assert.equal(proposed.outcome, 'assigned');
  assert.deepEqual(proposed.decidedBy, { kind: 'enrollmentGroup', id: 'by-root' });
  await fails(exit.not_found, 'group', 'show', 'by-root');
});

test('audit: every change by name, in a chain that verifies', async () => {
  await ok('group', 'create', 'audited');
  const lines = (await ok('audit', 'list', '--output', 'json')).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line));
  assert.deepEqual(entries.map((entry) => entry.sequence), entries.map((_, index) => index + 1));
  const last = entries.at(-1);
  assert.equal(last.action, 'enrollmentGroup.create');
  assert.equal(last.resource, 'enrollmentGroup/audited');
  assert.ok(!lines.join().includes('primaryKey'), 'no secrets');

  const head = (await ok('audit', 'verify')).trim().split('\n').at(-1);
  assert.match(head, new RegExp(`^${entries.length}:[0-9a-f]{64}$`));
  assert.match(await ok('audit', 'verify', '--from', head), /^0 entries verified/);
  const [sequence, hash] = head.split(':');
  const other = hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  assert.match(await fails(exit.conflict, 'audit', 'verify', '--from', `${sequence}:${other}`),
    /broken/);
  assert.match(await fails(exit.conflict, 'audit', 'verify', '--from', `${+sequence + 1}:${hash}`),
    /broken/);
  await fails(exit.usage, 'audit', 'verify', '--from', 'somewhere');
  assert.match(await ok('audit', 'verify', '--server-chain'), /entries verified/);
});

test('catalogue: each code that a device is told leads to causes and remedies', async () => {
  const all = await json('catalogue');
  assert.ok(all.length > 20);
  for (const entry of all) assert.ok(entry.cause && entry.remedy, entry.code);
  assert.deepEqual(await json('catalogue', 'token_expired'),
    all.filter((entry) => entry.code === 'token_expired'));
  assert.ok((await json('catalogue', '401002')).length > 1);
  await fails(exit.not_found, 'catalogue', 'nothing');
});
