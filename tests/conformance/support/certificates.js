'use strict';
// Certificates by the openssl command line: what a factory would use, and independent of the code
// under test.

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function extensions(ca) {
  return ca
    ? 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
    : 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n';
}

/**
 * A P-256 certificate `{ cert, key, chain, thumbprint }`, PEM; the thumbprint SHA-256, hex; `chain`
 * is it and all issuers below the root. Options: `issuer` (another of these; none: self-signed),
 * `ca`, `days` (negative: it has expired).
 */
function issue(common_name, { issuer, ca = false, days = 30 } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-cert-'));
  const at = (name) => path.join(folder, name);
  const openssl = (...parameters) => execFileSync('openssl', parameters, { stdio: 'pipe' });
  try {
    const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    fs.writeFileSync(at('key'), key, { mode: 0o600 });
    fs.writeFileSync(at('extensions'), extensions(ca));
    openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${common_name}`, '-out', at('request'));
    const sign = ['x509', '-req', '-in', at('request'), '-out', at('cert'), '-days', `${days}`,
      '-extfile', at('extensions'), '-set_serial', `0x${crypto.randomBytes(8).toString('hex')}`];
    if (issuer) {
      fs.writeFileSync(at('issuer'), issuer.cert);
      fs.writeFileSync(at('issuer-key'), issuer.key, { mode: 0o600 });
      openssl(...sign, '-CA', at('issuer'), '-CAkey', at('issuer-key'));
    } else {
      openssl(...sign, '-signkey', at('key'));
    }
    const cert = fs.readFileSync(at('cert'), 'utf8');
    return {
      cert,
      key,
      chain: issuer?.issuer ? cert + issuer.chain : cert,
      thumbprint: new crypto.X509Certificate(cert).fingerprint256.replaceAll(':', ''),
      issuer,
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { issue };
