/** An expression that is not valid; the message is for its author. */
export class CelCompileError extends Error {}

/** An evaluation that failed; the message is for the client. */
export class CelEvaluationError extends Error {}

/** An evaluation used up its budget. */
export class CelBudgetError extends CelEvaluationError {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}
