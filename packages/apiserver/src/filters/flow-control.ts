import type { Filter } from '../context.js';
import { FlowSchemas } from '../flow-control/flow-schemas.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import { isLongRunning } from './in-flight.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';

/** Tells every request which FlowSchema and priority level it belongs to. What limits requests are the in-flight limits. */
export function flowControlFilter(informers: InformerSet): Filter {
  const schemas = informers.informer(GROUP, 'flowschemas') as Informer;
  const levels = informers.informer(GROUP, 'prioritylevelconfigurations') as Informer;
  let current: FlowSchemas | null = null;
  const forget = (): void => {
    current = null;
  };
  schemas.onEvent(forget);
  levels.onEvent(forget);
  return {
    name: 'flow-control',
    why: 'after impersonation: a request belongs to whom it acts as; before authorization, so that refusals say it too',
    handle(context) {
      if (isLongRunning(context) && context.info.verb !== 'watch') return undefined;
      current ??= new FlowSchemas(schemas.list(), levels.list());
      const found = current.classify(context.user, context.info);
      if (found === undefined) return undefined;
      context.responseHeaders['x-kubernetes-pf-flowschema-uid'] = found.flowSchemaUid;
      context.responseHeaders['x-kubernetes-pf-prioritylevel-uid'] = found.priorityLevelUid;
      return undefined;
    },
  };
}
