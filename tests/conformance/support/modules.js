'use strict';
// A hub whose devices have modules, and what its tests ask of it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ModuleClient } = require('azure-iot-device');
const { issue } = require('./certificates');
const { Server } = require('./server');
const sdk = require('./sdk');

const modules_max = 3;
const root = issue('Modules Root', { ca: true });

let folder;
let server;
let hub;
let registry;

async function start() {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-modules-'));
  const ca_file = path.join(folder, 'devices.pem');
  fs.writeFileSync(ca_file, root.cert);
  server = await Server.start({ config: ([server_address, hub_address]) => `
[server]
listen = ["${server_address}"]

[[hub]]
name = "hub-1"
host = "${hub_address}"
modules_max = ${modules_max}
ca_file = "${ca_file}"
events = ["twin-changes", "lifecycle"]

[[instance]]
id_scope = "0ne00000001"
name = "local"
hosts = ["${server_address}"]
` });
  [hub] = server.ready.hubs;
  registry = sdk.registry(hub);
  return { hub, registry };
}

async function stop() {
  await server?.close();
  fs.rmSync(folder, { recursive: true, force: true });
}

const authorized = (more) => sdk.asService(hub, more);
const call = (...asked) => sdk.callHub(hub, ...asked);

/** What the hub calls the mistake, and the status that the packages see. */
const refusal = (status, name) => (error) => {
  assert.equal(error.response.headers['iothub-errorcode'], name);
  assert.equal(error.response.statusCode, status);
  return true;
};

function connectionString({ deviceId, moduleId, authentication }) {
  const key = authentication.symmetricKey.primaryKey;
  const names = `DeviceId=${deviceId};ModuleId=${moduleId}`;
  return `HostName=${hub.hostName};${names};SharedAccessKey=${key}`;
}

const addModule = async (deviceId, moduleId, more = {}) =>
  (await registry.addModule({ deviceId, moduleId, ...more })).responseBody;

/** A device with one module: the module's document. */
async function newModule(device_id, module_id) {
  await registry.create({ deviceId: device_id });
  return addModule(device_id, module_id);
}

/** A client that takes the first no for an answer, and does not come back. */
function unpersistent(client) {
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  return client;
}

const clientOf = (module, transport = 'mqtt') => unpersistent(
  ModuleClient.fromConnectionString(connectionString(module), sdk.hubTransports[transport]));

/** It is connected as long as the test runs. */
async function opened(t, client) {
  await client.open();
  t.after(() => client.close());
  return client;
}

function answer(client, name) {
  client.onMethod(name, (request, response) =>
    response.send(200, { echo: request.payload }, () => {}));
}

const invoke = (device_id, module_id, payload, methodName = 'echo') => sdk.hubService(hub)
  .invokeDeviceMethod(device_id, module_id,
    { methodName, payload, responseTimeoutInSeconds: 5 });

const twinOf = async (device_id, module_id) =>
  (await registry.getModuleTwin(device_id, module_id)).responseBody;

const setDesired = (device_id, module_id, desired) => registry.updateModuleTwin(
  device_id, module_id, { properties: { desired } }, '*');

/** What the hub's log has of one device, once there are `count` events of these sources. */
async function eventsOf(device_id, count, sources = ['Telemetry']) {
  const found = [];
  for (let last = 0; found.length < count; ) {
    const page = await sdk.send(hub.hostName, 'GET', '/messages/events?api-version=2021-04-12'
      + `&after=${last}&wait=10&source=${sources}`, { headers: authorized() });
    assert.notEqual(page.body.length, 0, `only ${found.length} of ${count} events`);
    last = page.body.at(-1).sequence;
    found.push(...page.body.filter((event) => event.deviceId === device_id));
  }
  return found;
}

module.exports = {
  addModule, answer, authorized, call, clientOf, connectionString, eventsOf, invoke, modules_max,
  newModule, opened, refusal, root, setDesired, start, stop, twinOf, unpersistent,
};
