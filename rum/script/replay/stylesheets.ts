/**
 * Tells the recorder of rules that the page's code puts into its style sheets, and takes out.
 *
 * In the place of rrweb's own observers, which stand before the page's call: a mistake of theirs would
 * keep the page's rule from being set. Here the page's call comes first, throws what it throws, and
 * only then is it told of.
 */

import { guard } from "../guard";

type Tell = (change: object) => void;
interface Recorder {
  mirror: { getId(node: Node): number };
  stylesheetManager: { styleMirror: { getId(sheet: CSSStyleSheet): number } };
}
interface SheetRecorder extends Recorder {
  styleSheetRuleCb: Tell;
}
interface DeclarationRecorder extends Recorder {
  styleDeclarationCb: Tell;
}
interface Frame {
  win: Window & typeof globalThis;
}

type Rules = CSSStyleSheet | CSSGroupingRule;
type Method = (...args: never[]) => unknown;
/** What happened to the object by a call of its method; undefined where it is not ours to tell. */
type After<Self> = (self: Self, args: unknown[]) => object | undefined;

/** Wraps insertRule and the like of style sheets and grouping rules; the result unwraps them. */
export function watchSheets(recorder: SheetRecorder, { win }: Frame): () => void {
  const tell = recorder.styleSheetRuleCb;
  const sheets = win.CSSStyleSheet?.prototype;
  const at = (self: Rules, index: unknown) => {
    const within = "parentRule" in self ? positions(self) : [];
    return within[0] === undefined ? +(index as number) || 0 : [...within, +(index as number) || 0];
  };
  const about = (self: Rules, change: object) =>
    named(recorder, "parentRule" in self ? self.parentStyleSheet : (self as CSSStyleSheet), change);
  const inserted: After<Rules> = (self, [rule, index]) =>
    about(self, { adds: [{ rule: String(rule), index: at(self, index) }] });
  const deleted: After<Rules> = (self, [index]) => about(self, { removes: [{ index: at(self, index) }] });
  const undo = [
    wrap(sheets, "addRule", tell, (self: CSSStyleSheet, [selector, style, index]) =>
      inserted(self, [`${selector} { ${style} }`, index ?? self.cssRules.length - 1]),
    ),
    wrap(sheets, "removeRule", tell, deleted),
    wrap(sheets, "replace", tell, (self: CSSStyleSheet, [text]) => about(self, { replace: String(text) })),
    wrap(sheets, "replaceSync", tell, (self: CSSStyleSheet, [text]) =>
      about(self, { replaceSync: String(text) }),
    ),
  ];
  for (const owner of [sheets, win.CSSGroupingRule?.prototype]) {
    undo.push(wrap(owner, "insertRule", tell, inserted), wrap(owner, "deleteRule", tell, deleted));
  }
  return () => undo.forEach((one) => one());
}

/** The same for rule.style.setProperty and removeProperty. */
export function watchDeclarations(recorder: DeclarationRecorder, { win }: Frame): () => void {
  const tell = recorder.styleDeclarationCb;
  const owner = win.CSSStyleDeclaration?.prototype;
  const about = ({ parentRule }: CSSStyleDeclaration, change: object) =>
    parentRule
      ? named(recorder, parentRule.parentStyleSheet, { ...change, index: positions(parentRule) })
      : undefined;
  const undo = [
    wrap(owner, "setProperty", tell, (self: CSSStyleDeclaration, [property, value, priority]) =>
      about(self, { set: { property, value, priority } }),
    ),
    wrap(owner, "removeProperty", tell, (self: CSSStyleDeclaration, [property]) =>
      about(self, { remove: { property } }),
    ),
  ];
  return () => undo.forEach((one) => one());
}

function wrap<Self>(
  owner: object | undefined,
  name: string,
  tell: Tell,
  after: After<Self>,
): () => void {
  const methods = owner as Record<string, Method> | undefined;
  const original = methods?.[name];
  if (!methods || !original) return () => undefined;
  const told = guard((self: Self, args: unknown[]) => {
    const change = after(self, args);
    if (change) tell(change);
  });
  // A proxy, whose name, length and text are the original's.
  const wrapped = new Proxy(original, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target, self, args);
      told(self as Self, args);
      return result;
    },
  });
  methods[name] = wrapped;
  return () => {
    if (methods[name] === wrapped) methods[name] = original;
  };
}

/** The change with the ids of its sheet as the recorder knows it; undefined where it does not. */
function named(recorder: Recorder, sheet: CSSStyleSheet | null, change: object): object | undefined {
  if (!sheet) return undefined;
  const id = sheet.ownerNode ? recorder.mirror.getId(sheet.ownerNode) : -1;
  const styleId = sheet.ownerNode ? -1 : recorder.stylesheetManager.styleMirror.getId(sheet);
  if (id < 1 && styleId < 1) return undefined;
  return { ...(id > 0 ? { id } : { styleId }), ...change };
}

/** Where a rule stands: its index in each list of rules, from the sheet's down to its own. */
function positions(rule: CSSRule): number[] {
  const parent = (rule.parentRule as CSSGroupingRule | null) || rule.parentStyleSheet;
  if (!parent) return [];
  const index = Array.prototype.indexOf.call(parent.cssRules, rule);
  return rule.parentRule ? [...positions(rule.parentRule), index] : [index];
}
