'use strict';
// azure-iothub's queries over twins, and what other clients send verbatim.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const count = 25;

let server;
let hub;
let registry;

const id_of = (i) => `q-${String(i).padStart(2, '0')}`;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
  registry = sdk.registry(hub);
  const entries = Array.from({ length: count }, (_, i) => ({
    id: id_of(i),
    importMode: 'create',
    tags: { site: i % 2 ? 'north' : 'south', floor: i % 5, note: i % 10 ? undefined : null },
    properties: { desired: { period: i }, reported: { battery: i * 4, fw: `1.${i % 3}` } },
  }));
  const made = await sdk.send(hub.hostName, 'POST', '/devices?api-version=2021-04-12', {
    headers: authorized({ 'Content-Type': 'application/json' }), body: JSON.stringify(entries),
  });
  assert.equal(made.status, 200, made.text);
});

after(() => server?.close());

const authorized = (more) => sdk.asService(hub, more);

/** Everything the SDK's query object gives, page by page. */
async function all(text, page_size) {
  const query = registry.createQuery(text, page_size);
  const rows = [];
  let pages = 0;
  while (query.hasMoreResults) {
    rows.push(...(await query.nextAsTwin()).result);
    assert.ok(++pages <= count + 2, 'it comes to an end');
  }
  return rows;
}

async function raw(query, headers = {}) {
  return sdk.send(hub.hostName, 'POST', '/devices/query?api-version=2021-04-12', {
    headers: authorized({ 'Content-Type': 'application/json', ...headers }),
    body: JSON.stringify({ query }),
  });
}

const ids = (rows) => rows.map((row) => row.deviceId);

describe('a query', () => {
  // IOTHUB-25
  test('pages through all twins, each once', async () => {
    const twins = await all('SELECT * FROM devices', 7);
    assert.deepEqual(ids(twins).sort(), Array.from({ length: count }, (_, i) => id_of(i)));
    assert.equal(twins[3].properties.desired.$version, 1);
    assert.equal(twins[3].tags.site, 'north');
  });

  // IOTHUB-25
  test('says what it answers with, and has no continuation at its end', async () => {
    const first = await raw('SELECT * FROM devices', { 'x-ms-max-item-count': '20' });
    assert.equal(first.status, 200);
    assert.equal(first.headers['x-ms-item-type'], 'Twin');
    assert.equal(first.body.length, 20);
    const next = await raw('SELECT * FROM devices', {
      'x-ms-max-item-count': '20', 'x-ms-continuation': first.headers['x-ms-continuation'],
    });
    assert.equal(next.body.length, count - 20);
    assert.equal('x-ms-continuation' in next.headers, false);
    const projected = await raw('SELECT deviceId, tags.site AS place FROM devices');
    assert.equal(projected.headers['x-ms-item-type'], 'Raw');
    assert.deepEqual(projected.body[1], { deviceId: id_of(1), place: 'north' });
    const none = await raw('SELECT * FROM devices WHERE tags.site = \'nowhere\'');
    assert.deepEqual([none.status, none.body, none.headers['x-ms-continuation']],
      [200, [], undefined]);
  });

  test('finds by tags, properties and identity', async () => {
    const found = async (where) => ids(await all(`SELECT * FROM devices WHERE ${where}`));
    assert.deepEqual(await found(`deviceId = '${id_of(4)}'`), [id_of(4)]);
    assert.deepEqual(await found(`deviceId IN ['${id_of(1)}', '${id_of(9)}', 'missing']`),
      [id_of(1), id_of(9)]);
    assert.equal((await found('tags.site = \'north\' AND tags.floor >= 3')).length, 5);
    assert.equal((await found('properties.reported.battery < 20')).length, 5);
    assert.equal((await found('IS_DEFINED(tags.missing)')).length, 0);
    assert.equal((await found('NOT properties.reported.fw = \'1.0\'')).length, 16);
    assert.equal((await found('STARTSWITH(properties.reported.fw, \'1.2\')')).length, 8);
    const away = await found('status = \'enabled\' and connectionState = \'Disconnected\'');
    assert.equal(away.length, count);
    assert.equal((await found('tags.floor = \'3\'')).length, 0, 'a text is no number');
    assert.deepEqual(await found('capabilities.iotEdge = true'), []);
  });

  test('counts and groups', async () => {
    assert.deepEqual((await raw('SELECT COUNT() AS total FROM devices')).body, [{ total: count }]);
    const { body } = await raw('SELECT tags.site AS site, COUNT() AS n, MAX(tags.floor) AS top '
      + 'FROM devices GROUP BY tags.site');
    body.sort((left, right) => left.site.localeCompare(right.site));
    assert.deepEqual(body, [{ site: 'north', n: 12, top: 4 }, { site: 'south', n: 13, top: 4 }]);
  });

  test('sees who is connected', async (t) => {
    const device = await sdk.newDevice(hub, 'q-live');
    const client = sdk.connectDevice(device.connectionString);
    await client.open();
    t.after(async () => {
      await client.close();
      await registry.delete('q-live');
    });
    const connected = await all('SELECT * FROM devices WHERE connectionState = \'Connected\'');
    assert.deepEqual(ids(connected), ['q-live']);
  });

  test('that cannot be read is refused at its place', async () => {
    for (const text of ['SELECT', 'SELECT * FROM planets', 'SELECT * FROM devices WHERE tags.a =',
      'SELECT * FROM devices; DROP TABLE twin', `SELECT * FROM devices WHERE ${'('.repeat(5000)}`,
      'SELECT * FROM devices WHERE BOOM(1)',
      `SELECT * FROM devices WHERE a = '${'x'.repeat(9000)}'`]) {
      const refused = await raw(text);
      assert.equal(refused.status, 400, text);
      assert.equal(refused.headers['iothub-errorcode'], 'ArgumentInvalid');
      assert.match(refused.body.Message, /^ErrorCode:ArgumentInvalid;/);
    }
    await assert.rejects(all('SELECT nothing'), { name: 'ArgumentError' });
    const forged = await raw('SELECT * FROM devices', { 'x-ms-continuation': 'forged' });
    assert.equal(forged.status, 400);
  });

  test('is harmless whatever it says', async () => {
    const odd = await raw('SELECT * FROM devices WHERE tags.site = \'\\\' OR 1=1 --\'');
    assert.deepEqual([odd.status, odd.body], [200, []]);
    const quoted = await raw('SELECT * FROM devices WHERE tags.[[a\'); DROP TABLE twin; --]] = 1');
    assert.ok([200, 400].includes(quoted.status));
    assert.equal((await all('SELECT * FROM devices')).length, count);
  });
});
