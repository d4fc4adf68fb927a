import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { certificateRequestFault } from '../src/validation/certificate-request-der.js';
import { pemBlocks } from '../src/validation/pem.js';
import { keyPairWarnings } from '../src/validation/tls-pair.js';
import { decode, definitionOf } from './support/kinds.js';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 } as const;
const ED25519 = { name: 'Ed25519' } as const;
type Algorithm = typeof EC | typeof RSA | typeof ED25519;

const keysOf = async (algorithm: Algorithm): Promise<webcrypto.CryptoKeyPair> =>
  (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;

async function requestOf(algorithm: Algorithm): Promise<x509.Pkcs10CertificateRequest> {
  return x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=alice,O=devs',
    keys: await keysOf(algorithm),
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'a.example.com' }])],
  });
}

const pem = (der: Uint8Array, type = 'CERTIFICATE REQUEST'): string =>
  `-----BEGIN ${type}-----\n${Buffer.from(der).toString('base64')}\n-----END ${type}-----\n`;

describe('requests for certificates', () => {
  it.each([
    ['ECDSA', EC],
    ['RSA', RSA],
    ['Ed25519', ED25519],
  ])('are fine when they are signed with their own %s key', async (_name, algorithm) => {
    const request = await requestOf(algorithm);
    expect(certificateRequestFault(`text before\n${request.toString('pem')}`)).toBeNull();
  });

  it.each([
    ['ECDSA', EC, 'x509: ECDSA verification failure'],
    ['RSA', RSA, 'crypto/rsa: verification error'],
    ['Ed25519', ED25519, 'x509: Ed25519 verification failure'],
  ])('are refused when somebody changed them after the %s signature', async (_name, algorithm, fault) => {
    const der = Buffer.from((await requestOf(algorithm)).rawData);
    der[der.indexOf('alice')] = 'A'.charCodeAt(0);
    expect(certificateRequestFault(pem(der))).toBe(fault);
  });

  it('are refused when they are none', async () => {
    const der = Buffer.from((await requestOf(EC)).rawData);
    const frame = 'PEM block type must be CERTIFICATE REQUEST';
    expect(certificateRequestFault('')).toBe(frame);
    expect(certificateRequestFault(pem(der, 'CERTIFICATE'))).toBe(frame);
    expect(certificateRequestFault('-----BEGIN CERTIFICATE REQUEST-----\n!\n-----END CERTIFICATE REQUEST-----\n')).toBe(frame);
    expect(certificateRequestFault(pem(der.subarray(0, 50)))).toBe('asn1: syntax error: data truncated');
    expect(certificateRequestFault(pem(Buffer.concat([der, Buffer.from([0])])))).toBe('asn1: syntax error: trailing data');
    expect(certificateRequestFault(pem(Buffer.from('not a request')))).toBe(
      "asn1: structure error: tags don't match (16 vs {class:1 tag:14 length:111 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2",
    );
  });
});

describe('TLS secrets', () => {
  it('are warned about when certificate and key do not belong together', async () => {
    const keys = await keysOf(EC);
    const key = async (pair: webcrypto.CryptoKeyPair): Promise<string> =>
      pem(new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)), 'PRIVATE KEY');
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=x', keys, signingAlgorithm: EC });
    const cert = certificate.toString('pem');
    const own = await key(keys);
    expect(keyPairWarnings(cert, own)).toEqual([]);
    expect(keyPairWarnings(cert, await key(await keysOf(EC)))).toEqual(['tls: private key does not match public key']);
    expect(keyPairWarnings(cert, await key(await keysOf(RSA)))).toEqual(['tls: private key type does not match public key type']);
    expect(keyPairWarnings('', own)).toEqual(['tls: failed to find any PEM data in certificate input']);
    expect(keyPairWarnings(own, cert)).toEqual([
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    ]);
    expect(keyPairWarnings(pem(Buffer.from('x'), 'OTHER'), own)).toEqual([
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [OTHER]',
    ]);
    expect(keyPairWarnings(cert, 'text')).toEqual(['tls: failed to find any PEM data in key input']);
    expect(keyPairWarnings(cert, cert)).toEqual(['tls: found a certificate rather than a key in the PEM for the private key']);
    expect(keyPairWarnings(cert, pem(Buffer.from('x'), 'EC PRIVATE KEY'))).toEqual(['tls: failed to parse private key']);
  });

  it('of other types are not looked at', () => {
    const secret = (type: string): string[] => {
      const object = decode({ apiVersion: 'v1', kind: 'Secret', type, data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } });
      return definitionOf(object).strategy.warnings?.(object, null) ?? [];
    };
    expect(secret('kubernetes.io/tls')).toEqual(['tls: failed to find any PEM data in certificate input']);
    expect(secret('Opaque')).toEqual([]);
  });
});

describe('PEM', () => {
  it('tells blocks, headers and nonsense apart', () => {
    const text =
      '-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nX: y\n\neA==\n-----END A-----\nrest\n-----BEGIN B-----\r\neHg=\r\n-----END B-----\r\n-----BEGIN C-----\n?\n-----END C-----\n';
    expect(pemBlocks(text).map(({ type, hasHeaders, der }) => [type, hasHeaders, der.toString()])).toEqual([
      ['A', true, 'x'],
      ['B', false, 'xx'],
    ]);
  });
});
