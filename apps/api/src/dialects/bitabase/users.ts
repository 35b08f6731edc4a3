// Users: strangers who sign up, where operators let them. Elsewhere operators make a login, and this says so.
import { signUp } from '@berth/actions';
import {
  codeOf,
  type FieldProblem,
  fieldError,
  isLogin,
  PASSWORD_LENGTH,
  type PlatformError,
  problemOfPassword,
  Secret,
  uuidOf,
} from '@berth/core';
import { addressOf } from '../../http/address';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { sendPretty } from './answer';
import { readPosted, refuseProblems, textOf } from './fields';

const CLOSED = 'nobody can sign up here: ask the operators of this Berth for a login';

export function userRoutes(api: ApiContext): Route[] {
  return [{ method: 'post', path: '/users', handle: (call) => create(api, call) }];
}

/** Counted before the password is hashed, which costs a quarter of a second. */
async function create(api: ApiContext, call: Call): Promise<void> {
  const { limits, proofs, signUp: defaults, store } = api;
  if (!defaults) throw fieldError('invalid_request', 'email', CLOSED);
  const { email, password } = readUser(await readPosted(call));
  const address = addressOf(call.request);
  await limits.countSignUp(address);
  if (await store.accesses.isLoginKnown(email)) throw taken();
  const secretHash = await proofs.hash(password);
  const { id } = await signUp(api, defaults, { email, secretHash, address }).catch((error: unknown) => {
    throw codeOf(error) === 'name_taken' ? taken() : error; // by somebody who was faster
  });
  sendPretty(call.response, 200, { id: uuidOf(id), email });
}

/** The e-mail in lower case: two writings of one are one person. Throws `invalid_request` with everything that is wrong. */
function readUser(body: unknown): { email: string; password: Secret } {
  const problems: FieldProblem[] = [];
  const email = textOf(body, 'email', problems).toLowerCase();
  const password = textOf(body, 'password', problems);
  const refuse = (field: string, message: string) => void problems.push({ field, message });
  if (email !== '' && !isEmail(email)) refuse('email', `email must be an address of at most 64 ${EMAIL_CHARACTERS}`);
  const problem = password === '' ? null : problemOfPassword(password); // an empty one was told of
  if (problem !== null) refuse('password', PASSWORD_PROBLEMS[problem]);
  refuseProblems(problems);
  return { email, password: new Secret(password) };
}

/** What is one to people, and can be a login. */
function isEmail(text: string): boolean {
  return isLogin(text) && /^[^@]+@[^@]+$/.test(text);
}

const EMAIL_CHARACTERS = 'letters, numbers and . _ + - with one @';

const PASSWORD_PROBLEMS = {
  characters: 'password must not contain control characters',
  length: `password must have ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`,
};

function taken(): PlatformError {
  return fieldError('name_taken', 'email', 'email has already been taken');
}
