/**
 * Rules for `deno lint`: how long files and functions of the relay and its client may be.
 *
 * Who needs more says why: `// deno-lint-ignore lengths/function -- the reason`, before the function.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What the rules are for; tests and scripts are as long as what they tell. */
const PLACES = ["main.ts", "lib/", "examples/"].map((place) => ROOT + place);

const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 80;

const IGNORE = /^\s*deno-lint-ignore(?:-file)?\b.*\blengths\//;
const REASON = / -- \S/;

const plugin: Deno.lint.Plugin = {
  name: "lengths",
  rules: {
    file: {
      create(context) {
        return {
          Program(node) {
            const lines = linesOf(context.sourceCode.text);
            if (!isBounded(context.filename) || lines <= MAX_FILE_LINES) return;
            context.report({
              node,
              message: `This file has ${lines} lines, more than ${MAX_FILE_LINES}`,
              hint: "Part it by what its parts are about, each to be read alone",
            });
          },
        };
      },
    },
    function: {
      create(context) {
        function check(node: Deno.lint.Node): void {
          const lines = linesOf(context.sourceCode.getText(node));
          if (!isBounded(context.filename) || lines <= MAX_FUNCTION_LINES) return;
          context.report({
            node,
            message: `This function has ${lines} lines, more than ${MAX_FUNCTION_LINES}`,
            hint:
              "Part it by its steps, or say why not: // deno-lint-ignore lengths/function -- why",
          });
        }
        return {
          FunctionDeclaration: check,
          FunctionExpression: check,
          ArrowFunctionExpression: check,
        };
      },
    },
    reason: {
      create(context) {
        return {
          Program() {
            for (const comment of context.sourceCode.getAllComments()) {
              if (!IGNORE.test(comment.value) || REASON.test(comment.value)) continue;
              context.report({
                range: comment.range,
                message: "No reason is given for the length",
                hint: "Write it behind --",
              });
            }
          },
        };
      },
    },
  },
};

export default plugin;

function isBounded(file: string): boolean {
  return PLACES.some((place) => file.startsWith(place));
}

function linesOf(text: string): number {
  return text.trimEnd().split("\n").length;
}
