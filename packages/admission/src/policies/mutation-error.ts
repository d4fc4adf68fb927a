/** A mutation that cannot be applied; the message is for the client. */
export class MutationError extends Error {}
