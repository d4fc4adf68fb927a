import { newStatusError } from '@k/apimachinery';
import type { ServiceAccountIssuer } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';
import { sendBytes } from '../http/respond.js';

/** Whether an Accept header takes a type. */
function accepts(context: RequestContext, type: string): boolean {
  const { accept } = context.exchange.headers;
  if (accept === undefined || accept === '') return true;
  const [family] = type.split('/');
  return accept.split(',').some((clause) => {
    const wanted = clause.split(';')[0]?.trim();
    return wanted === '*/*' || wanted === type || wanted === `${family}/*`;
  });
}

/** Service account issuer discovery: the OpenID configuration and the key set that others verify tokens with. */
export function openIdDiscoveryFilter(issuer: ServiceAccountIssuer, jwksUri: () => string): Filter {
  const send = async (context: RequestContext, type: string, document: object): Promise<void> => {
    if (!accepts(context, type)) {
      throw newStatusError(406, 'NotAcceptable', `only the following media types are accepted: ${type}`, {});
    }
    context.responseHeaders['cache-control'] = 'public, max-age=3600';
    await sendBytes(context, 200, type, JSON.stringify(document));
  };
  return {
    name: 'openid-discovery',
    why: 'two documents outside the API',
    handle(context) {
      const path = context.path.replace(/\/$/, '');
      if (path === '/.well-known/openid-configuration') {
        return send(context, 'application/json', {
          issuer: issuer.issuer,
          jwks_uri: jwksUri(),
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: [issuer.algorithm],
        });
      }
      if (path === '/openid/v1/jwks') return issuer.jwks().then((keys) => send(context, 'application/jwk-set+json', keys));
      return undefined;
    },
  };
}
