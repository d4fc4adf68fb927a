import type { KubeObject } from '@k/apimachinery';
import type { AdmissionRequest } from '../interface.js';
import type { EquivalentResource, Equivalents } from './equivalents.js';

/** A request as one webhook sees it: in the version that its rules name. */
export class VersionedRequest {
  readonly request: AdmissionRequest;
  readonly target: EquivalentResource;
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;

  private constructor(request: AdmissionRequest, target: EquivalentResource, object: KubeObject | null, oldObject: KubeObject | null) {
    this.request = request;
    this.target = target;
    this.object = object;
    this.oldObject = oldObject;
  }

  /** The request with its objects in the version of `target`. */
  static async of(request: AdmissionRequest, equivalents: Equivalents, target: EquivalentResource): Promise<VersionedRequest> {
    const given = [request.object, request.oldObject].map((object) => (object === null ? null : withType(object, request)));
    const isSame = target.kind.version === request.kind.version && target.kind.group === request.kind.group;
    const objects = given.filter((object) => object !== null);
    const converted = isSame ? objects : await equivalents.convert(objects, request.resource, target);
    const [object = null, oldObject = null] = given.map((object) => (object === null ? null : (converted.shift() as KubeObject)));
    return new VersionedRequest(request, target, object, oldObject);
  }

  /** `AdmissionRequest` without uid and objects. */
  describe(): Record<string, unknown> {
    const { request, target } = this;
    const { username, uid, groups, extra } = request.user;
    const isEmpty = extra === undefined || Object.keys(extra).length === 0;
    const userInfo = {
      username,
      ...(uid === undefined || uid === '' ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(isEmpty ? {} : { extra }),
    };
    return {
      kind: kindOnly(target.kind),
      resource: resourceOnly(target.resource),
      ...(request.subresource === '' ? {} : { subResource: request.subresource }),
      requestKind: kindOnly(request.kind),
      requestResource: resourceOnly(request.resource),
      ...(request.subresource === '' ? {} : { requestSubResource: request.subresource }),
      ...(request.name === '' ? {} : { name: request.name }),
      ...(request.namespace === '' ? {} : { namespace: request.namespace }),
      operation: request.operation,
      userInfo,
      dryRun: request.dryRun,
      options: request.options,
    };
  }
}

/** Objects inside a server may lack their type; a webhook always sees it. */
function withType(object: KubeObject, { kind }: AdmissionRequest): KubeObject {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { ...object, apiVersion: object.apiVersion ?? apiVersion, kind: object.kind ?? kind.kind };
}

function kindOnly({ group, version, kind }: EquivalentResource['kind']): object {
  return { group, version, kind };
}

function resourceOnly({ group, version, resource }: EquivalentResource['resource']): object {
  return { group, version, resource };
}
