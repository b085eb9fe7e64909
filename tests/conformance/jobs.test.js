'use strict';
// azure-iothub's JobClient, against devices of azure-iot-device.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const iothub = require('azure-iothub');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;
let jobs;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
  jobs = iothub.JobClient.fromConnectionString(hub.connectionString);
});

after(() => server?.close());

const get = async (id) => (await jobs.getJob(id)).jobStatus;

const ended = (id) => sdk.eventually(async () => {
  const job = await get(id);
  assert.equal(job.status, 'completed', JSON.stringify(job));
  return job;
});

/** Everything that a query of jobs answers with, page by page. */
async function all(type, status, page_size) {
  const query = jobs.createQuery(type, status, page_size);
  const found = [];
  // next() alone asks for the first page again
  while (query.hasMoreResults) found.push(...(await query.next(query.continuationToken)).result);
  return found;
}

describe('a job', () => {
  test('updates the twins that its condition means', async () => {
    for (const id of ['twin-1', 'twin-2', 'twin-3']) await sdk.newDevice(hub, id);
    const { jobStatus } = await jobs.scheduleTwinUpdate('update',
      "deviceId IN ['twin-1', 'twin-2']",
      { etag: '*', tags: { site: 'south' }, properties: { desired: { period: 10 } } },
      new Date(), 300);
    assert.equal(jobStatus.status, 'queued');
    assert.equal(jobStatus.type, 'scheduleUpdateTwin');
    const job = await ended('update');
    assert.deepEqual(job.deviceJobStatistics,
      { deviceCount: 2, failedCount: 0, succeededCount: 2, runningCount: 0, pendingCount: 0 });
    const twin = (await sdk.registry(hub).getTwin('twin-2')).responseBody;
    assert.equal(twin.tags.site, 'south');
    assert.equal(twin.properties.desired.period, 10);
    assert.equal((await sdk.registry(hub).getTwin('twin-3')).responseBody.tags.site, undefined);
  });

  test('calls a method, and waits for devices that are away', async (t) => {
    const online = sdk.connectDevice((await sdk.newDevice(hub, 'online')).connectionString);
    const late = await sdk.newDevice(hub, 'late');
    await online.open();
    t.after(() => online.close());
    sdk.answerMethod(online, 'reboot');
    await jobs.scheduleDeviceMethod('call', "deviceId IN ['online', 'late']",
      { methodName: 'reboot', payload: { in: 5 }, responseTimeoutInSeconds: 15 },
      new Date(), 120);
    await sdk.eventually(async () => {
      const { deviceJobStatistics: counts } = await get('call');
      assert.equal(counts.succeededCount, 1);
      assert.equal(counts.pendingCount, 1);
    });
    const second = sdk.connectDevice(late.connectionString);
    await second.open();
    t.after(() => second.close());
    sdk.answerMethod(second, 'reboot');
    const job = await sdk.eventually(async () => {
      const now = await get('call');
      assert.equal(now.status, 'completed');
      return now;
    }, 60000);
    assert.equal(job.deviceJobStatistics.succeededCount, 2);
  });

  test('on nothing ends at once', async () => {
    await jobs.scheduleTwinUpdate('nothing', "deviceId = 'nobody'", { etag: '*', tags: { a: 1 } });
    assert.equal((await ended('nothing')).deviceJobStatistics.deviceCount, 0);
  });

  test('that starts later is cancelled', async () => {
    const start = new Date(Date.now() + 3600 * 1000);
    const made = await jobs.scheduleTwinUpdate('later', '*', { etag: '*', tags: { a: 1 } }, start);
    assert.equal(made.jobStatus.status, 'queued');
    const cancelled = await jobs.cancelJob('later');
    assert.equal(cancelled.jobStatus.status, 'cancelled');
    await assert.rejects(jobs.cancelJob('later'), (error) => {
      assert.equal(error.response.headers['iothub-errorcode'], 'OperationNotAllowedInCurrentState');
      return true;
    });
  });

  test('is refused with a reason', async () => {
    await jobs.scheduleTwinUpdate('twice', "deviceId = 'nobody'", { tags: { a: 1 } });
    await assert.rejects(jobs.scheduleTwinUpdate('twice', "deviceId = 'nobody'", { tags: {} }),
      (error) => {
        assert.equal(error.response.statusCode, 409);
        assert.equal(error.response.headers['iothub-errorcode'], 'JobAlreadyExists');
        return true;
      });
    await assert.rejects(jobs.scheduleTwinUpdate('bad', 'tags.site = = 1', { tags: {} }),
      (error) => {
        assert.equal(error.name, 'ArgumentError');
        assert.match(JSON.parse(error.responseBody).Message, /column 13/);
        return true;
      });
    await assert.rejects(jobs.getJob('never'), (error) => {
      assert.equal(error.response.statusCode, 404);
      assert.equal(error.response.headers['iothub-errorcode'], 'JobNotFound');
      return true;
    });
  });

  test('is found by type and status, in pages', async () => {
    for (const number of [1, 2, 3]) {
      await jobs.scheduleTwinUpdate(`page-${number}`, "deviceId = 'nobody'", { tags: { a: 1 } });
      await ended(`page-${number}`);
    }
    const found = (await all('scheduleUpdateTwin', 'completed', 2)).map((job) => job.jobId);
    for (const number of [1, 2, 3]) assert.ok(found.includes(`page-${number}`), found.join());
    assert.equal(new Set(found).size, found.length);
    assert.deepEqual(await all('scheduleUpdateTwin', 'failed'), []);
  });
});
