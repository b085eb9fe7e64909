'use strict';
// Runs the test files. Node reads NODE_EXTRA_CA_CERTS only when it starts, so the CA comes first: a
// server makes it on its first run, as for anybody, and every server of the tests goes on with it.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Server } = require('./server');

const home = path.join(__dirname, '..');

function testFiles() {
  const named = process.argv.slice(2);
  if (named.length > 0) return named.map((name) => path.resolve(name));
  return fs.readdirSync(home)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join(home, name));
}

async function makeCa() {
  const server = await Server.start({ own_ca: true });
  await server.stop();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-ca-'));
  for (const name of ['ca.pem', 'ca.key']) {
    fs.copyFileSync(path.join(server.data, name), path.join(folder, name));
  }
  server.erase();
  return folder;
}

async function main() {
  const ca = await makeCa();
  process.on('exit', () => fs.rmSync(ca, { recursive: true, force: true }));
  const options = ['--test', '--test-concurrency=1', '--test-reporter=spec'];
  const tests = spawn(process.execPath, [...options, ...testFiles()], {
    stdio: 'inherit',
    env: {
      ...process.env,
      MUSTER_TEST_CA: ca,
      NODE_EXTRA_CA_CERTS: path.join(ca, 'ca.pem'),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tests.kill(signal));
  tests.on('exit', (code) => process.exit(code ?? 1));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
