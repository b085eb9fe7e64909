'use strict';
// `muster serve` as an operator meets it: files, mistakes, a second server, the end.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Server, freshAddresses, muster } = require('./support/server');
const sdk = require('./support/sdk');

let server;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-serve-'));

before(async () => { server = await Server.start(); });

after(async () => {
  await server?.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const mode = (file) => (fs.statSync(file).mode & 0o777).toString(8);

test('the ready file says where everything is, to the owner alone', () => {
  const { ready, data, addresses } = server;
  assert.match(ready.idScope, /^0ne[0-9A-F]{8}$/i);
  assert.equal(ready.provisioningHost, addresses[0]);
  assert.equal(ready.provisioningAddress, addresses[0]);
  assert.equal(ready.httpsPort, 443);
  assert.equal(ready.mqttPort, 8883);
  assert.match(ready.serviceConnectionString,
    /^HostName=[^;]+;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=[^;]+$/);
  assert.deepEqual(ready.hubs.map((hub) => hub.hostName), addresses.slice(1, 3));
  for (const hub of ready.hubs) {
    assert.match(hub.connectionString,
      /^HostName=[^;]+;SharedAccessKeyName=iothubowner;SharedAccessKey=[^;]+$/);
  }
  for (const name of ['asked-for.json', 'ready.json', 'secrets.toml', 'ca.key', 'server.key',
    'muster.db']) {
    assert.equal(mode(path.join(data, name)), '600', name);
  }
});

test('no key appears in the log or in what it prints', () => {
  const keys = [server.ready.serviceConnectionString,
    ...server.ready.hubs.map((hub) => hub.connectionString)]
    .map((text) => sdk.fields(text).SharedAccessKey);
  assert.equal(new Set(keys).size, 3, 'each has its own');
  for (const key of keys) assert.ok(!(server.log() + server.output).includes(key));
});

test('a second server on the same data folder is refused', async () => {
  const second = await muster(['serve', '--data', server.data, '--listen', freshAddresses()[0]]);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /in use|lock/);
  assert.ok(second.stderr.includes(server.data));
});

test('a port that is taken is named', async () => {
  const data = path.join(scratch, 'taken');
  const second = await muster(['serve', '--data', data, '--listen', server.addresses[0]]);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, new RegExp(`${server.addresses[0]}:(443|8883) is in use`));
});

test('every mistake in a configuration is named with its line', async () => {
  const config = path.join(scratch, 'wrong.toml');
  fs.writeFileSync(config, `[server]
listen = 7
https_port = 70000
colour = "red"

[[hub]]
name = "hub-1"
`);
  const folder = path.join(scratch, 'wrong');
  const refused = await muster(['serve', '--data', folder, '--config', config]);
  assert.equal(refused.code, 2, refused.stderr);
  for (const [line, what] of [[2, 'listen'], [3, 'https_port'], [4, 'colour'], [6, 'host']]) {
    assert.match(refused.stderr, new RegExp(`wrong\\.toml:${line}: .*${what}`));
  }
});

test('a file that is no TOML is refused with its line', async () => {
  const config = path.join(scratch, 'broken.toml');
  fs.writeFileSync(config, '[server]\nlisten = [\n');
  const refused = await muster(['serve', '--data', path.join(scratch, 'broken'),
    '--config', config]);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /broken\.toml:[23]/);
});

test('opening up needs a name', async () => {
  const refused = await muster(['serve', '--data', path.join(scratch, 'open'),
    '--listen', '0.0.0.0']);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /--host/);
});

test('the orderly end is exit code 0, no ready file, and everything back afterwards', async (t) => {
  const own = await Server.start();
  t.after(() => own.close());
  const service = sdk.provisioningService(own);
  const made = (await service.createOrUpdateIndividualEnrollment(
    { registrationId: 'kept', attestation: { type: 'symmetricKey' } })).responseBody;
  const before_ = own.ready;
  assert.equal(await own.stop(), 0);
  assert.ok(!fs.existsSync(path.join(own.data, 'ready.json')));
  assert.ok(!fs.existsSync(path.join(own.data, 'asked-for.json')));
  await own.run();
  assert.deepEqual(own.ready, before_);
  const kept = (await service.getIndividualEnrollment('kept')).responseBody;
  assert.equal(kept.etag, made.etag);
});
