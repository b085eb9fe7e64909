'use strict';
// A real `muster serve` of a test file's own: loopback addresses that nobody else uses, a data
// folder that goes away, and an end by its process id however the test ends.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const program = path.resolve(process.env.MUSTER_PROGRAM ?? 'build/release/muster');
const start_ms_max = 20000;
const stop_ms_max = 15000; // the server allows itself 10 s

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

let blocks = 0;

/** Four loopback addresses in a row: 127.x.y.z with x and y from the process id. */
function freshAddresses() {
  const first = 4 * blocks++ + 1;
  const net = `127.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}`;
  return [0, 1, 2, 3].map((offset) => `${net}.${first + offset}`);
}

async function exitOf(child, ms_max) {
  if (child.exitCode === null && child.signalCode === null) {
    const timer = setTimeout(() => child.kill('SIGKILL'), ms_max);
    await new Promise((resolve) => child.once('exit', resolve));
    clearTimeout(timer);
  }
  return child.exitCode ?? child.signalCode;
}

class Server {
  /**
   * `config`: a function from the server's addresses to the text of a configuration file.
   * `own_ca`: let it make a CA of its own instead of using the one that Node was told to trust.
   */
  static async start({ config, own_ca = false } = {}) {
    const server = new Server();
    server.addresses = freshAddresses();
    server.data = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-data-'));
    server.arguments = ['serve', '--data', server.data,
      '--ready-file', path.join(server.data, 'asked-for.json'),
      '--log-file', path.join(server.data, 'log')];
    if (config) {
      const file = path.join(server.data, 'given.toml');
      fs.writeFileSync(file, config(server.addresses));
      server.arguments.push('--config', file);
    } else {
      server.arguments.push('--listen', server.addresses[0]);
    }
    if (!own_ca) {
      for (const name of ['ca.pem', 'ca.key']) {
        fs.copyFileSync(path.join(process.env.MUSTER_TEST_CA, name), path.join(server.data, name));
      }
    }
    await server.run();
    return server;
  }

  /** Starts the process and waits for its ready file. */
  async run() {
    const ready_file = path.join(this.data, 'asked-for.json');
    fs.rmSync(ready_file, { force: true });
    const child = spawn(program, this.arguments, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => { this.output += bytes; });
    }
    running.add(child);
    child.once('exit', (code, signal) => {
      running.delete(child);
      this.endedWith(code ?? signal);
    });
    this.phase = 'starting';
    for (const give_up = Date.now() + start_ms_max; !fs.existsSync(ready_file); await sleep(20)) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > give_up) {
        child.kill('SIGKILL');
        throw new Error(`the server did not start: ${this.output}`);
      }
    }
    this.ready = JSON.parse(fs.readFileSync(ready_file, 'utf8'));
    this.phase = 'up';
  }

  /** One that dies by itself ends its test file: the SDKs would try for minutes to reach it. */
  endedWith(how) {
    if (this.phase === 'up') {
      const last = this.log().slice(-4000);
      console.error(`the server ended by itself (${how}): ${this.output}\n${last}`);
      process.exit(1);
    }
  }

  /** SIGTERM; the exit code. */
  async stop() {
    this.phase = 'stopping';
    this.child.kill('SIGTERM');
    return exitOf(this.child, stop_ms_max);
  }

  async kill() {
    this.phase = 'stopping';
    this.child.kill('SIGKILL');
    return exitOf(this.child, stop_ms_max);
  }

  async close() {
    await this.stop();
    this.erase();
  }

  erase() {
    fs.rmSync(this.data, { recursive: true, force: true });
  }

  log() {
    return fs.readFileSync(path.join(this.data, 'log'), 'utf8');
  }

  hub(host_name) {
    return this.ready.hubs.find((hub) => hub.hostName === host_name);
  }
}

/** Runs `muster ...` to its end: `{ code, stdout, stderr }`. */
async function muster(parameters, { env = {}, ms_max = 20000 } = {}) {
  const child = spawn(program, parameters, { env: { ...process.env, ...env } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (bytes) => { text[name] += bytes; });
  }
  const closed = new Promise((resolve) => child.once('close', resolve));
  const code = await exitOf(child, ms_max);
  await closed;
  return { code, ...text };
}

module.exports = { Server, muster, program, freshAddresses };
