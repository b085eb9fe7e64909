'use strict';
// The resource management package, and what it does not reach: tokens and requests of our own.

const { IotDpsClient, restorePoller } = require('@azure/arm-deviceprovisioningservices');
const sdk = require('./sdk');

const subscription = '11111111-2222-3333-4444-555555555555';

const credential = (token) => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }),
});

/** The package, told nothing but where the server is and what token to show. */
const controlClient = (server, token = server.ready.adminToken) =>
  new IotDpsClient(credential(token), subscription,
    { endpoint: `https://${server.ready.controlEndpoint}` });

/** One of our own tokens: `{ role, tenant, instance }`. */
async function newToken(server, name, wanted) {
  const { status, body } = await sdk.send(server.ready.controlEndpoint, 'POST', '/muster/tokens', {
    headers: {
      Authorization: `Bearer ${server.ready.adminToken}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ name, ...wanted }),
  });
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  return body.token;
}

/** A plain request below the instances of a group. */
function sendControl(server, method, rest, options = {}) {
  const { token = server.ready.adminToken, headers = {}, body } = options;
  const target =
    `/subscriptions/${subscription}/resourceGroups/${rest}?api-version=2021-10-15`;
  return sdk.send(server.ready.controlEndpoint, method, target, {
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
}

/** The service API of an instance that no resolver knows: its own name, the server's address. */
function sendService(server, properties, key, method, target, body) {
  const host = properties.serviceOperationsHostName;
  const authorization = sdk.serviceToken(`HostName=${host};SharedAccessKeyName=${key.keyName};` +
    `SharedAccessKey=${key.primaryKey}`);
  return sdk.send(server.addresses[0], method, `${target}?api-version=2021-10-01`, {
    servername: host,
    headers: { Host: host, Authorization: authorization, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
}

async function collect(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

module.exports = {
  collect, controlClient, newToken, restorePoller, sendControl, sendService, subscription,
};
