'use strict';
// The SDK packages, put together the way their samples do it.

const crypto = require('node:crypto');
const https = require('node:https');
const { SharedAccessSignature } = require('azure-iot-common');
const device = require('azure-iot-device');
const deviceMqtt = require('azure-iot-device-mqtt');
const iothub = require('azure-iothub');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const provisioningHttp = require('azure-iot-provisioning-device-http');
const provisioningMqtt = require('azure-iot-provisioning-device-mqtt');
const { ProvisioningServiceClient } = require('azure-iot-provisioning-service');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const provisioningTransports = {
  http: provisioningHttp.Http,
  mqtt: provisioningMqtt.Mqtt,
  'mqtt over websocket': provisioningMqtt.MqttWs,
};

const hubTransports = { mqtt: deviceMqtt.Mqtt, 'mqtt over websocket': deviceMqtt.MqttWs };

const byKey = (id, key) => new SymmetricKeySecurityClient(id, key);
const byCertificate = (id, certificate) =>
  new X509Security(id, { cert: certificate.chain, key: certificate.key });

const derivedKey = (group_key, id) =>
  crypto.createHmac('sha256', Buffer.from(group_key, 'base64')).update(id).digest('base64');

/** Registers as a device does; the SDK's own result or error. */
function register(server, transport, security, { scope, payload } = {}) {
  const client = ProvisioningDeviceClient.create(server.ready.provisioningHost,
    scope ?? server.ready.idScope, new provisioningTransports[transport](), security);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  return client.register();
}

const provisioningService = (server) =>
  ProvisioningServiceClient.fromConnectionString(server.ready.serviceConnectionString);

const registry = (hub) => iothub.Registry.fromConnectionString(hub.connectionString);
const hubService = (hub) => iothub.Client.fromConnectionString(hub.connectionString);

/** A device of its own at a hub: `{ id, connectionString, key }`. */
async function newDevice(hub, id) {
  const created = (await registry(hub).create({ deviceId: id })).responseBody;
  const key = created.authentication.symmetricKey.primaryKey;
  return {
    id,
    key,
    connectionString: `HostName=${hub.hostName};DeviceId=${id};SharedAccessKey=${key}`,
  };
}

const connectDevice = (connection_string, transport = 'mqtt') =>
  device.Client.fromConnectionString(connection_string, hubTransports[transport]);

/** Announces `name` to the device client; it answers 200 with what it was asked. */
function answerMethod(client, name) {
  client.onDeviceMethod(name, (request, response) =>
    response.send(200, { echo: request.payload }, () => {}));
}

const report = (twin, patch) => new Promise((resolve, reject) =>
  twin.properties.reported.update(patch, (error) => (error ? reject(error) : resolve())));

/** Calls until it no longer throws: for what becomes true once the other side has noticed. */
async function eventually(call, ms_max = 15000) {
  for (const give_up = Date.now() + ms_max; ; ) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > give_up) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function invoke(hub, id, name, payload, seconds = 5) {
  return hubService(hub).invokeDeviceMethod(id,
    { methodName: name, payload, responseTimeoutInSeconds: seconds });
}

/** One HTTPS request of our own making: `{ status, headers, body, text }`. */
function send(host, method, target, { headers = {}, body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request({ host, method, path: target, headers, agent: false, ...options },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => { text += part; });
        response.on('end', () => {
          const is_json = /json/.test(response.headers['content-type'] ?? '');
          resolve({
            status: response.statusCode,
            reason: response.statusMessage,
            headers: response.headers,
            raw_headers: response.rawHeaders,
            body: is_json && text ? JSON.parse(text) : undefined,
            text,
          });
        });
      });
    request.on('error', reject);
    request.end(body);
  });
}

function fields(connection_string) {
  return Object.fromEntries(connection_string.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

function serviceToken(connection_string, seconds = 600) {
  const { HostName, SharedAccessKeyName, SharedAccessKey } = fields(connection_string);
  const expiry = Math.floor(Date.now() / 1000) + seconds;
  return SharedAccessSignature.create(HostName, SharedAccessKeyName, SharedAccessKey, expiry)
    .toString();
}

/** The headers of a back end with all rights. */
const asService = (hub, more = {}) =>
  ({ Authorization: serviceToken(hub.connectionString), ...more });

/** One request of a back end to a hub, by hand. What is not the body is a header. */
function callHub(hub, method, target, { body, ...headers } = {}) {
  const content = body ? { 'Content-Type': 'application/json' } : {};
  return send(hub.hostName, method, `${target}?api-version=2021-04-12`,
    { body: body && JSON.stringify(body), headers: asService(hub, { ...content, ...headers }) });
}

/** A device's token, for provisioning (`{scope}/registrations/{id}`) or a hub. */
function deviceToken(resource, key, policy, seconds = 600) {
  const expiry = Math.floor(Date.now() / 1000) + seconds;
  return SharedAccessSignature.create(encodeURIComponent(resource), policy, key, expiry).toString();
}

/** Telemetry of one device as the hub has stored it, once there are `count` messages. */
async function telemetry(hub, device_id, count) {
  const headers = { Authorization: serviceToken(hub.connectionString) };
  const found = [];
  for (let after = 0; found.length < count; ) {
    const page = await send(hub.hostName, 'GET',
      `/messages/events?api-version=2021-04-12&after=${after}&wait=10`, { headers });
    if (page.body.length === 0) throw new Error(`only ${found.length} of ${count} messages`);
    after = page.body.at(-1).sequence;
    found.push(...page.body.filter((message) => message.deviceId === device_id));
  }
  return found;
}

module.exports = {
  Message: device.Message,
  answerMethod, asService, byCertificate, byKey, callHub, connectDevice, derivedKey, deviceToken,
  eventually, fields, hubService, hubTransports, invoke, newDevice, provisioningService,
  provisioningTransports, register, registry, report, send, serviceToken, telemetry,
};
