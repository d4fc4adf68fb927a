export type { EtcdStoreOptions, EtcdTlsOptions } from './etcd/options.js';
export { openEtcdStore } from './etcd/store.js';
