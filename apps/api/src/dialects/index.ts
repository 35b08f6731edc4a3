// Every dialect that is spoken. A new one is a folder beside this and a line here.
import { bitabase } from './bitabase';
import { cloud66 } from './cloud66';
import { cosmos } from './cosmos';
import type { Dialect } from './dialect';
import { globo } from './globo';
import { native } from './native';
import { scalingo } from './scalingo';

export const DIALECTS: Dialect[] = [native, cloud66, globo, bitabase, cosmos, scalingo];
