import { newStatusError } from '@k/apimachinery';
import type { ServiceAccountIssuer } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';
import { sendBytes } from '../http/respond.js';
import { methodNotAllowed } from '../rest/dispatch.js';

/** Whether an Accept header takes a type; families such as `application/*` are not looked at. */
function accepts(context: RequestContext, type: string): boolean {
  const { accept } = context.exchange.headers;
  if (accept === undefined || accept === '') return true;
  return accept.split(',').some((clause) => {
    const wanted = clause.split(';')[0]?.trim();
    return wanted === '*/*' || wanted === type;
  });
}

/** Service account issuer discovery: the OpenID configuration and the key set that others verify tokens with. */
export function openIdDiscoveryFilter(issuer: ServiceAccountIssuer, jwksUri: () => string): Filter {
  const send = async (context: RequestContext, type: string, document: object): Promise<void> => {
    if (context.exchange.method !== 'GET') throw methodNotAllowed();
    if (!accepts(context, type)) {
      throw newStatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${type}`, {});
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
