export { type BootstrapSecret, createBootstrapTokenAuthenticator } from './authenticators/bootstrap-token.js';
