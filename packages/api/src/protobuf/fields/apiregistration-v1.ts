import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `apiregistration.v1`, release 1.36, in the notation of `notation.ts`. */
export const apiregistrationV1Fields: FieldNumbers = {
  APIService: 'metadata spec status',
  APIServiceCondition: 'type status lastTransitionTime reason message',
  APIServiceList: 'metadata items',
  APIServiceSpec: 'service group version insecureSkipTLSVerify~ caBundle groupPriorityMinimum=7 versionPriority',
  APIServiceStatus: 'conditions',
  ServiceReference: 'namespace name port',
};
