'use strict';
// An instance as code, imports, migration and secrets at rest, by the command line against running
// servers.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { issue } = require('./support/certificates');
const { Server, muster } = require('./support/server');

const exit = { ok: 0, failed: 1, usage: 2, conflict: 5, unavailable: 6 };
const servers = [];

let server;

async function startServer() {
  const started = await Server.start();
  servers.push(started);
  return started;
}

before(async () => { server = await startServer(); });
after(() => Promise.all(servers.map((one) => one.close())));

const runAt = (at, ...parameters) =>
  muster(parameters, { env: { MUSTER_DATA: at.data }, ms_max: 60000 });
const run = (...parameters) => runAt(server, ...parameters);

async function okAt(at, ...parameters) {
  const { code, stdout, stderr } = await runAt(at, ...parameters);
  assert.equal(code, exit.ok, stdout + stderr);
  return stdout;
}

const ok = (...parameters) => okAt(server, ...parameters);

function file(name, content) {
  const at = path.join(server.data, name);
  fs.writeFileSync(at, content);
  return at;
}

const groups_yaml = (status) => `
kind: EnrollmentGroup
name: line-1
spec:
  attestation: {type: symmetricKey}
  provisioningStatus: ${status}
  initialTwin: {tags: {line: 1}}
---
kind: Enrollment
name: dev-1
spec:
  attestation: {type: symmetricKey}
  deviceId: first
`;

test('export, diff, apply: what was exported changes nothing', async () => {
  await ok('enrollment', 'create', 'by-hand');
  const certificate = file('by-certificate.pem', issue('by-certificate').cert);
  await ok('enrollment', 'create', 'by-certificate', '--certificate', certificate);
  for (const parameters of [[], ['--keys']]) {
    const exported = file('all.yaml', await ok('export', ...parameters));
    assert.equal(await ok('diff', exported), 'no difference\n');
    assert.equal(await ok('apply', '--prune', 'all', exported), 'nothing to change\n');
  }
  assert.doesNotMatch(await ok('export'), /Key:/, 'keys are left out unless asked for');
  assert.match(await ok('export', '--keys'), /primaryKey:/);
});

test('apply: makes, changes, and deletes only on request', async () => {
  const wanted = file('groups.yaml', groups_yaml('enabled'));
  assert.match(await ok('diff', wanted), /^\+ EnrollmentGroup line-1\n\+ Enrollment dev-1\n$/);
  assert.equal((await run('diff', '--exit-code', wanted)).code, exit.failed);
  assert.match(await ok('apply', '--dry-run', wanted), /\+ Enrollment dev-1/);
  assert.match(await ok('diff', wanted), /\+ Enrollment dev-1/, 'a dry run changes nothing');

  assert.match(await ok('apply', wanted), /2 of 2 changes made/);
  assert.equal(await ok('apply', wanted), 'nothing to change\n');
  const key_before = JSON.parse(await ok('group', 'show', 'line-1', '--keys')).attestation;

  const changed = file('changed.yaml', groups_yaml('disabled'));
  assert.match(await ok('apply', changed),
    /~ EnrollmentGroup line-1\n +~ provisioningStatus: "enabled" -> "disabled"\n1 of 1/);
  const shown = JSON.parse(await ok('group', 'show', 'line-1', '--keys'));
  assert.equal(shown.provisioningStatus, 'disabled');
  assert.deepEqual(shown.attestation, key_before, 'keys that are left out are kept');

  const only_group = file('only-group.yaml', groups_yaml('disabled').split('---')[0]);
  assert.equal(await ok('apply', only_group), 'nothing to change\n');
  assert.match(await ok('apply', '--prune', 'Enrollment', only_group), /- Enrollment dev-1/);
  assert.equal(await ok('apply', '--prune', 'all', only_group), 'nothing to change\n');
});

test('apply: a new instance, and mistakes with their place', async () => {
  const instance = file('instance.yaml', 'kind: Instance\nname: second\nspec:\n  tenant: two\n');
  assert.match(await ok('apply', instance), /\+ Instance second\n1 of 1 changes made/);
  assert.equal(await ok('apply', instance), 'nothing to change\n');
  for (const [text, what] of [
    ['kind: Group\nname: x\nspec: {}\n', /kind 'Group'/],
    ['a: [\n', /broken\.yaml:/],
    ['kind: Enrollment\nname: x\nspec: {attestation: {type: magic}}\n', /Enrollment 'x'/],
  ]) {
    const { code, stderr } = await run('apply', file('broken.yaml', text));
    assert.equal(code, exit.usage);
    assert.match(stderr, what);
  }
});

// ---- import ----

function rowsFile(name, count, text_of) {
  const rows = Array.from({ length: count }, (_, i) => text_of(i));
  return file(name, rows.join('\n') + '\n');
}

test('import: CSV, with a report of what was refused', async () => {
  const header = 'registrationId,deviceId,primaryKey,tags.site\n';
  const key = Buffer.alloc(32, 1).toString('base64');
  const csv = file('devices.csv',
    header + `csv-1,,${key},west\ncsv-2,d2,,\n"csv 3",,,\ncsv-4,,short,\ncsv-5\n`);
  const { code, stdout } = await run('import', csv);
  assert.equal(code, exit.failed);
  assert.match(stdout, /^5 rows: 2 created, 0 replaced, 0 unchanged, 3 refused$/m);
  const refused = fs.readFileSync(`${csv}.refused`, 'utf8').trim().split('\n').map(JSON.parse);
  assert.deepEqual(refused.map((row) => row.line), [4, 5, 6]);
  assert.deepEqual(refused.map((row) => row.registrationId), ['csv 3', 'csv-4', '']);
  assert.ok(refused.every((row) => row.message && row.errorCode >= 400000));
  const made = JSON.parse(await ok('enrollment', 'show', 'csv-1', '--keys'));
  assert.equal(made.attestation.symmetricKey.primaryKey, key);
  assert.deepEqual(made.initialTwin, { tags: { site: 'west' } });

  const again = await run('import', csv);
  assert.match(again.stdout, /5 rows: 0 created, 0 replaced, 2 unchanged, 3 refused/);
});

test('import: rows that differ are refused, or replaced on request', async () => {
  const row = (device) => (i) => JSON.stringify({ registrationId: `same-${i}`, deviceId: device,
    attestation: { type: 'symmetricKey' } });
  assert.match(await ok('import', rowsFile('same.ndjson', 50, row('a'))), /50 created/);
  const other = rowsFile('other.ndjson', 50, row('b'));
  const refused = await run('import', other);
  assert.equal(refused.code, exit.failed);
  assert.match(refused.stdout, /50 refused/);
  assert.match(await ok('import', '--replace', other), /50 replaced/);
  assert.match(await ok('import', '--replace', other), /50 unchanged/);
});

test('import: goes on after the server was killed in the middle', async () => {
  const own = await startServer();
  const count = 30000;
  const rows = rowsFile('many.ndjson', count, (i) => JSON.stringify({
    registrationId: `many-${i}`, attestation: { type: 'symmetricKey' } }));
  const first = runAt(own, 'import', '--quiet', rows);
  for (const give_up = Date.now() + 20000; Date.now() < give_up; await sleep(20)) {
    if (fs.existsSync(`${rows}.progress`)) break;
  }
  await own.kill();
  await own.run();
  let { code, stdout } = await first; // it may have been patient enough to go on by itself
  if (code !== exit.ok) ({ code, stdout } = await runAt(own, 'import', rows));
  assert.equal(code, exit.ok, stdout);
  assert.match(stdout, new RegExp(`^${count} rows: \\d+ created, 0 replaced, \\d+ unchanged`));
  const exported = await okAt(own, 'export', '--kind', 'Enrollment');
  const names = exported.match(/^name: .*$/gm);
  assert.equal(names.length, count);
  assert.equal(new Set(names).size, count);
});

// ---- migration ----

test('migrate: copies another service through its service API', async () => {
  const target = await startServer();
  await ok('group', 'create', 'same-name');
  const folder = fs.mkdtempSync(path.join(server.data, 'certificates-'));
  const certificate = path.join(folder, 'one.pem');
  fs.writeFileSync(certificate, issue('pinned').cert);
  await ok('enrollment', 'create', 'pinned', '--certificate', certificate);
  const report = path.join(server.data, 'migrate.refused');
  const from = ['--from', server.ready.serviceConnectionString, '--from-ca', server.ready.caFile,
    '--report', report];

  const without = await runAt(target, 'migrate', ...from);
  assert.equal(without.code, exit.failed);
  assert.match(fs.readFileSync(report, 'utf8'), /pinned.*is needed/);
  const whole = await okAt(target, 'migrate', ...from, '--certificates', folder);
  assert.match(whole, /1 created, 0 replaced, \d+ unchanged, 0 refused/);

  for (const kind of ['EnrollmentGroup', 'Enrollment']) {
    const parameters = ['export', '--keys', '--kind', kind];
    assert.equal(await okAt(target, ...parameters), await ok(...parameters), kind);
  }
  assert.match(await okAt(target, 'migrate', ...from, '--certificates', folder),
    /^0 created, 0 replaced, \d+ unchanged, 0 refused/);

  await okAt(target, 'group', 'delete', 'same-name');
  await okAt(target, 'group', 'create', 'same-name'); // with other keys
  const other = await runAt(target, 'migrate', ...from, '--certificates', folder);
  assert.equal(other.code, exit.failed);
  assert.match(fs.readFileSync(report, 'utf8'), /"same-name".*another group/);
  assert.match(await okAt(target, 'migrate', ...from, '--certificates', folder, '--replace'),
    /1 replaced|[2-9] replaced/);
});

// ---- secrets at rest ----

function holdsAny(folder, needles) {
  const files = fs.readdirSync(folder).filter((name) => name.startsWith('muster.db'));
  assert.ok(files.length > 0);
  return needles.some((needle) =>
    files.some((name) => fs.readFileSync(path.join(folder, name)).includes(needle)));
}

test('secrets at rest: not in the database, re-keyed, useless without the key file', async () => {
  const own = await startServer();
  const key = Buffer.alloc(48, 'a-known-secret');
  const text = key.toString('base64');
  await okAt(own, 'enrollment', 'create', 'sealed', '--primary-key', text);
  const owner = /SharedAccessKey=(.*)$/.exec(own.ready.serviceConnectionString)[1];
  await own.stop();
  const needles = [text, key, owner, Buffer.from(owner, 'base64')];
  assert.equal(holdsAny(own.data, needles), false);

  const key_file = path.join(own.data, 'sealing.key');
  const old_key = fs.readFileSync(key_file);
  assert.match(await okAt(own, 'rekey'), /sealed under the new key/);
  assert.notDeepEqual(fs.readFileSync(key_file), old_key);
  await own.run();
  const shown = JSON.parse(await okAt(own, 'enrollment', 'show', 'sealed', '--keys'));
  assert.equal(shown.attestation.symmetricKey.primaryKey, text);
  assert.equal((await runAt(own, 'rekey')).code, exit.unavailable, 'not while a server runs');
  await own.stop();

  fs.rmSync(key_file);
  await assert.rejects(own.run(), /key file .* is missing/);
  fs.writeFileSync(key_file, old_key);
  await assert.rejects(own.run());
  servers.splice(servers.indexOf(own), 1);
  own.erase();
});
