'use strict';
// A real nats-server with JetStream, ended by its process id, and just enough of a client to read
// a stream: no package of ours or theirs stands between the test and what is stored.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const program = '/usr/sbin/nats-server';
const start_ms_max = 20000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class NatsServer {
  constructor(address) {
    this.address = address;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-nats-'));
  }

  get url() {
    return `nats://${this.address}:4222`;
  }

  async start() {
    this.child = spawn(program, ['--addr', this.address, '--port', '4222', '--jetstream',
      '--store_dir', this.folder], { stdio: 'ignore' });
    running.add(this.child);
    this.child.once('exit', () => running.delete(this.child));
    for (const give_up = Date.now() + start_ms_max; ; await sleep(20)) {
      try {
        return await this.read(async () => {});
      } catch (error) {
        if (Date.now() > give_up) throw error;
      }
    }
  }

  /** SIGKILL; what it has stored stays. */
  async kill() {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async close() {
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls `use(request)`, where `request(subject, object)` gives the answer's object. */
  async read(use) {
    const socket = net.connect(4222, this.address);
    await once(socket, 'connect');
    const waiting = [];
    let text = '';
    const fail = (error) => waiting.splice(0).forEach((one) => one.reject(error));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection to NATS was lost')));
    socket.setEncoding('latin1').on('data', (data) => {
      text += data;
      for (let found; (found = text.match(/^(?:MSG \S+ \S+ +(\d+)|[^\r]*)\r\n/)); ) {
        const end = found[0].length + (found[1] === undefined ? 0 : Number(found[1]) + 2);
        if (text.length < end) return;
        if (found[1] !== undefined) {
          waiting.shift().resolve(JSON.parse(text.slice(found[0].length, end - 2)));
        } else if (found[0].startsWith('PING')) {
          socket.write('PONG\r\n');
        }
        text = text.slice(end);
      }
    });
    socket.write('CONNECT {"verbose":false}\r\nSUB inbox 1\r\n');
    const request = (subject, object = {}) => new Promise((resolve, reject) => {
      const body = JSON.stringify(object);
      waiting.push({ resolve, reject });
      socket.write(`PUB ${subject} inbox ${body.length}\r\n${body}\r\n`);
    });
    try {
      await request('$JS.API.INFO'); // it is ready
      return await use(request);
    } finally {
      socket.destroy();
    }
  }

  /** All messages of a stream: `{ subject, headers, body }`, the body parsed. */
  messages(stream) {
    return this.read(async (request) => {
      const { state } = await request(`$JS.API.STREAM.INFO.${stream}`);
      const found = [];
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
        const { message } = await request(`$JS.API.STREAM.MSG.GET.${stream}`, { seq });
        found.push({
          subject: message.subject,
          headers: Buffer.from(message.hdrs, 'base64').toString(),
          body: JSON.parse(Buffer.from(message.data, 'base64').toString()),
        });
      }
      return found;
    });
  }
}

module.exports = { NatsServer };
