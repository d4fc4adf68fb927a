import type { KubeObject, Schema } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { negotiate } from '../http/negotiate.js';
import { wantsPretty } from '../http/respond.js';
import { bodyFormat, decodeObject, readBody } from '../rest/decode-body.js';
import { admissionOptions, parseWriteOptions } from '../rest/options.js';
import { admissionRequest } from '../rest/write-object.js';
import type { ResourceScope, ServerContext } from '../server-context.js';

/** A request object that is answered and not stored: decoded, audited and admitted. */
export async function decodeReview(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<KubeObject> {
  // Reviews have no columns.
  context.media ??= negotiate(context.exchange.headers.accept, { transforms: 'metadata' }, wantsPretty(context));
  const format = bodyFormat(context);
  const options = parseWriteOptions(context, 'CreateOptions');
  const body = await readBody(context);
  const { definition, version } = scope.served;
  const expected = scope.subresource ?? {
    group: definition.group,
    version: version.version,
    kind: definition.kind,
    schema: version.schema,
  };
  const object = decodeObject(
    context,
    body,
    format,
    { group: expected.group, version: expected.version, kind: expected.kind, schema: expected.schema as Schema },
    server.catalogue,
  );
  context.audit?.setRequestObject(object);
  const metadata = (object.metadata ??= {});
  const request = admissionRequest(server, context, scope, 'CREATE', {
    object,
    oldObject: null,
    options: admissionOptions('CreateOptions', options),
    dryRun: options.dryRun,
    name: scope.name !== '' ? scope.name : (metadata.name ?? ''),
  });
  await server.admission.runMutating(request);
  await server.admission.runValidating(request);
  return request.object ?? object;
}
