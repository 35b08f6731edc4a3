// What an expression of PromQL asks for, read with Prometheus' own grammar.
import { parser } from '@prometheus-io/lezer-promql';

export interface PromqlFacts {
  /** Where the grammar was left, as pieces of the text; empty for an expression in order. */
  errors: string[];
  /** Each metric that is selected, with the labels it is selected by and their values as written. */
  selected: { metric: string; matchers: { label: string; value: string }[] }[];
  /** Labels of `by`, `without`, `on` and `ignoring`. */
  grouped: string[];
  /** Functions that are called. */
  functions: string[];
}

/** Reads an expression. Never throws. */
export function readPromql(expression: string): PromqlFacts {
  const facts: PromqlFacts = { errors: [], selected: [], grouped: [], functions: [] };
  let isGrouping = false;
  let label = '';
  parser.parse(expression).iterate({
    enter({ name, type, from, to }) {
      const text = expression.slice(from, to);
      if (type.isError) facts.errors.push(`at ${from}: ${expression.slice(from, from + 20)}`);
      if (name === 'VectorSelector') facts.selected.push({ metric: '', matchers: [] });
      const last = facts.selected.at(-1);
      if (name === 'Identifier' && last?.metric === '') last.metric = text;
      if (name === 'GroupingLabels') isGrouping = true;
      if (name === 'LabelName' && isGrouping) facts.grouped.push(text);
      if (name === 'LabelName') label = text;
      if (name === 'StringLiteral' && !isGrouping) last?.matchers.push({ label, value: text.slice(1, -1) });
      if (name === 'FunctionIdentifier' || name === 'AggregateOp') facts.functions.push(text);
    },
    leave({ name }) {
      if (name === 'GroupingLabels') isGrouping = false;
    },
  });
  return facts;
}
