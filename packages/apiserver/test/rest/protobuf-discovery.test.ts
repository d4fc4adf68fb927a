/** Clients that ask for discovery in protobuf. */
import { readProtobufEnvelope } from '@k/api/protobuf';
import { describe, expect, it } from 'vitest';
import { contentOf, fieldsOf, firstOf } from '../support/protobuf-fields.js';
import { PROTOBUF, useProtobufServer } from '../support/protobuf-server.js';

const { send } = useProtobufServer();

describe('discovery in protobuf', () => {
  const kindAt = async (target: string, accept = PROTOBUF) => {
    const { status, type, bytes } = await send('GET', target, accept);
    const { apiVersion, kind } = readProtobufEnvelope(bytes);
    return { status, type, apiVersion, kind, content: contentOf(bytes) };
  };

  it('of versions and groups', async () => {
    const core = await kindAt('/api');
    expect([core.type, core.apiVersion, core.kind, String(core.content.get(1))]).toEqual([PROTOBUF, '', 'APIVersions', 'v1']);
    const groups = await kindAt('/apis', `${PROTOBUF},application/json`);
    expect([groups.apiVersion, groups.kind]).toEqual(['v1', 'APIGroupList']);
    expect(groups.content.get(1)?.map((group) => String(firstOf(group)))).toContain('apps');
    const group = await kindAt('/apis/apps');
    expect([group.apiVersion, group.kind, String(group.content.get(1))]).toEqual(['v1', 'APIGroup', 'apps']);
  });

  it('of resources, whose verbs are a message of their own', async () => {
    const { kind, content } = await kindAt('/apis/apps/v1');
    expect([kind, String(content.get(1))]).toEqual(['APIResourceList', 'apps/v1']);
    const resource = content
      .get(2)
      ?.map(fieldsOf)
      .find((fields) => String(fields.get(1)) === 'deployments/scale');
    expect(
      fieldsOf(resource?.get(4)?.[0] as Buffer)
        .get(1)
        ?.map(String),
    ).toEqual(['get', 'patch', 'update']);
    expect([8, 9, 3].map((number) => String(resource?.get(number)))).toEqual(['autoscaling', 'v1', 'Scale']);
  });

  it('of all groups at once', async () => {
    const accept = `${PROTOBUF};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
    const { type, apiVersion, kind, content } = await kindAt('/apis', accept);
    expect([type, apiVersion, kind]).toEqual([accept, 'apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList']);
    const apps = content
      .get(2)
      ?.map(fieldsOf)
      .find((group) => String(firstOf(group.get(1)?.[0])) === 'apps');
    const version = fieldsOf(apps?.get(2)?.[0] as Buffer);
    expect([String(version.get(1)), String(version.get(3))]).toEqual(['v1', 'Current']);
    const resources = version.get(2)?.map(fieldsOf);
    expect(resources?.map((resource) => String(resource.get(1)))).toContain('deployments');
    expect(String(fieldsOf(resources?.[0]?.get(2)?.[0] as Buffer).get(3))).toBe('ControllerRevision');
  });
});
