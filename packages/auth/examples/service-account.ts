import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServiceAccountAuthenticator, createServiceAccountIssuer } from '@k/auth';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issuer = createServiceAccountIssuer({ issuer: 'https://k.example', audiences: ['api'], signingKey: privateKey });
const robot = { namespace: 'web', name: 'robot', uid: 'uid-7' };
const { token } = await issuer.issue({ ...robot, audiences: ['api'], expirationSeconds: 3600 });

const accounts = createServiceAccountAuthenticator({
  issuers: ['https://k.example'],
  audiences: ['api'],
  keys: [createPublicKey(privateKey)],
  checkBound({ serviceaccount }) {
    if (serviceaccount.uid !== 'uid-7') throw new Error('the account is another one');
  },
});
const forOthers = accounts.verify(token, ['vault']).catch((error: Error) => error.message);

console.log((await accounts.verify(token, ['api']))?.user.username); // system:serviceaccount:web:robot
console.log(await forOthers); // token audiences ["api"] is invalid for the target audiences ["vault"]
console.log(await accounts.verify('opaque', ['api'])); // null
