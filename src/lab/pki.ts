import { randomBytes, webcrypto } from 'node:crypto'
import type * as X509 from '@peculiar/x509'

const LEAF = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** etcd-manager takes no other kind of key for an authority. */
const AUTHORITY = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
}
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const DAY_MS = 86_400_000

export interface KeyPair {
  /** PEM. */
  cert: string
  key: string
}

export interface Authority extends KeyPair {
  /** A certificate for servers and clients, valid for these names and addresses. */
  issue(commonName: string, addresses: string[]): Promise<KeyPair>
}

async function library(): Promise<typeof X509> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(webcrypto as never)
  return x509
}

async function newKeys(algorithm: typeof LEAF | typeof AUTHORITY): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

/** A certificate authority for the sandbox: its keys are worth nothing outside and last for 30 days. */
export async function newAuthority(commonName: string): Promise<Authority> {
  const x509 = await library()
  const keys = await newKeys(AUTHORITY)
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 30 * DAY_MS) }
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${commonName}`,
    ...validity,
    signingAlgorithm: AUTHORITY,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })

  async function issue(name: string, addresses: string[]): Promise<KeyPair> {
    const own = await newKeys(LEAF)
    const issued = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=${name}`,
      issuer: certificate.subject,
      ...validity,
      signingAlgorithm: AUTHORITY,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([SERVER_AUTH, CLIENT_AUTH]),
        new x509.SubjectAlternativeNameExtension(addresses.map(altName)),
        await x509.AuthorityKeyIdentifierExtension.create(certificate),
      ],
    })
    return { cert: `${issued.toString('pem')}\n`, key: await pemOf(own) }
  }

  return { cert: `${certificate.toString('pem')}\n`, key: await pemOf(keys), issue }
}

function altName(address: string): { type: 'ip' | 'dns'; value: string } {
  return { type: /^\d+(\.\d+){3}$/.test(address) ? 'ip' : 'dns', value: address }
}

/** Positive, 16 bytes. */
function serial(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`
}
