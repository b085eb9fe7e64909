'use strict';
// A device at work stays at work: through restarts of the server, through crashes of it, and
// through the renewal of its token. Its own code does nothing about any of them; all is up to the
// SDK and the server (IOTHUB-6: subscriptions outlive connections and the process).

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, test } = require('node:test');
const device = require('azure-iot-device');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const { SharedAccessKeyAuthenticationProvider } = device;

/** A device at work: answers `echo`, reports, keeps count of the desired properties it hears of. */
async function atWork(client) {
  await client.open();
  sdk.answerMethod(client, 'echo');
  const twin = await client.getTwin();
  const heard = [];
  twin.on('properties.desired', (patch) => heard.push(structuredClone(patch)));
  return { client, twin, heard };
}

/** Twin both ways, a method and telemetry, marked with `mark`. */
async function assertWorking(hub, id, { client, twin, heard }, mark) {
  await sdk.eventually(async () => {
    const { result } = await sdk.invoke(hub, id, 'echo', mark);
    assert.equal(result.payload.echo, mark);
  }, 30000);
  await sdk.eventually(async () => {
    await sdk.registry(hub).updateTwin(id, { properties: { desired: { mark } } }, '*');
    assert.ok(heard.some((patch) => patch.mark === mark));
  }, 30000);
  await sdk.report(twin, { mark });
  const seen = (await sdk.registry(hub).getTwin(id)).responseBody;
  assert.equal(seen.properties.reported.mark, mark);
  await client.sendEvent(new sdk.Message(mark));
}

describe('a device at work', { concurrency: true }, () => {
  for (const transport of Object.keys(sdk.hubTransports)) {
    for (const [what, end] of [
      ['a restart', async (server) => assert.equal(await server.stop(), 0)],
      ['a crash', (server) => server.kill()],
    ]) {
      test(`survives ${what} of the server over ${transport}`, async (t) => {
        const server = await Server.start();
        let client;
        t.after(async () => {
          await client?.close(); // first, or it would try for minutes to get back in
          await server.close();
        });
        const [hub] = server.ready.hubs;
        const worker = await sdk.newDevice(hub, 'worker');
        client = sdk.connectDevice(worker.connectionString, transport);
        const work = await atWork(client);
        await assertWorking(hub, 'worker', work, 'before');
        await end(server);
        await server.run();
        await assertWorking(hub, 'worker', work, 'after');
        const stored = await sdk.telemetry(hub, 'worker', 2);
        assert.deepEqual(stored.map((message) => message.body), ['before', 'after']);
      });
    }
  }
});

describe('a token', { concurrency: true }, () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server?.close());

  for (const [transport, Transport] of Object.entries(sdk.hubTransports)) {
    test(`is renewed over ${transport} while the device works`, async (t) => {
      const [hub] = server.ready.hubs;
      const id = `renewing-${transport.replaceAll(' ', '-')}`;
      const { connectionString } = await sdk.newDevice(hub, id);
      const valid_seconds = 6;
      const margin_seconds = 3; // so it renews every three seconds
      const provider = SharedAccessKeyAuthenticationProvider.fromConnectionString(
        connectionString, valid_seconds, margin_seconds);
      const work = await atWork(device.Client.fromAuthenticationProvider(provider, Transport));
      t.after(() => work.client.close());
      await assertWorking(hub, id, work, 'first token');
      for (const mark of ['second token', 'third token']) {
        await once(provider, 'newTokenAvailable');
        await assertWorking(hub, id, work, mark);
      }
    });

    test(`that the device was handed is replaced over ${transport}`, async (t) => {
      const [hub] = server.ready.hubs;
      const id = `handed-${transport.replaceAll(' ', '-')}`;
      const { key } = await sdk.newDevice(hub, id);
      const token = (seconds) =>
        sdk.deviceToken(`${hub.hostName}/devices/${id}`, key, undefined, seconds);
      const client = device.Client.fromSharedAccessSignature(token(60), Transport);
      const work = await atWork(client);
      t.after(() => client.close());
      await assertWorking(hub, id, work, 'one');
      await new Promise((resolve, reject) => client.updateSharedAccessSignature(token(120),
        (error) => (error ? reject(error) : resolve())));
      await assertWorking(hub, id, work, 'two');
    });
  }
});
