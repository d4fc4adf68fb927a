/** PEM blocks as Go's decoder finds them. */

/** One block. */
export interface PemBlock {
  type: string;
  /** The block as it stands, with its frame. */
  text: string;
  /** Whether lines such as `Proc-Type: 4,ENCRYPTED` precede the content. */
  hasHeaders: boolean;
  der: Buffer;
}

const BLOCK = /-----BEGIN ([^\n-]*)-----[ \t]*\r?\n([\s\S]*?)-----END \1-----/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** All blocks of a text; what lies between is skipped, as are blocks that are no base64. */
export function pemBlocks(pem: string): PemBlock[] {
  const out: PemBlock[] = [];
  for (const [text, type = '', body = ''] of pem.matchAll(BLOCK)) {
    const lines = body.split(/\r?\n/);
    const hasHeaders = lines[0]?.includes(':') === true;
    const content = (hasHeaders ? lines.slice(lines.indexOf('') + 1) : lines).join('').replace(/\s/g, '');
    if (BASE64.test(content) && content.length % 4 === 0) out.push({ type, text, hasHeaders, der: Buffer.from(content, 'base64') });
  }
  return out;
}
