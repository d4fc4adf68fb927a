import type { Filter } from '../context.js';
import type { FlowController } from '../flow-control/flow-controller.js';
import { sendBytes } from '../http/respond.js';

const PREFIX = '/debug/api_priority_and_fairness/';

/** Serves `/debug/api_priority_and_fairness/dump_priority_levels`, `dump_queues` and `dump_requests`. */
export function flowControlDumps(controller: FlowController): Filter {
  return {
    name: 'flow-control-dumps',
    why: 'after authorization: who may see what others ask for is a matter of RBAC',
    handle(context) {
      const { path, query } = context;
      if (!path.startsWith(PREFIX)) return undefined;
      return import('../flow-control/dumps.js').then(({ dump }) => {
        const text = dump(controller, path.slice(PREFIX.length), { withDetails: Boolean(query?.get('includeRequestDetails')) });
        if (text !== null) sendBytes(context, 200, 'text/plain; charset=utf-8', text);
      });
    },
  };
}
