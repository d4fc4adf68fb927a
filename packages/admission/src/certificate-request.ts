/** The subject of a PKCS #10 request, as `spec.request` of a CertificateSigningRequest carries it. */
export interface CertificateRequestSubject {
  commonName: string;
  organizations: string[];
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/;

/**
 * Reads the subject of a base64-encoded PEM block.
 *
 * The X.509 library is loaded on first use: few servers ever see such a request.
 *
 * @throws {Error} when it is not a certificate request.
 */
export async function parseCertificateRequest(request: unknown): Promise<CertificateRequestSubject> {
  const pem = PEM.exec(Buffer.from(String(request ?? ''), 'base64').toString('latin1'));
  if (pem === null || pem[1] !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  const { subjectName } = new Pkcs10CertificateRequest(Buffer.from(pem[2] ?? '', 'base64'));
  return { commonName: subjectName.getField('CN').at(-1) ?? '', organizations: subjectName.getField('O') };
}
