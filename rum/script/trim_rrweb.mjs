// Leaves out of @rrweb/record what we never use, and changes what could harm the page it runs in.
// Each change names a piece of its text and fails the build where a new release has another.
import { readFile } from "node:fs/promises";

/** Top-level functions and classes replaced whole. */
const REPLACED = {
  // Canvases are not recorded, and its worker comes from a blob: address, against a strict CSP.
  CanvasManager: "class CanvasManager { freeze() {} unfreeze() {} lock() {} unlock() {} reset() {} }",
  is2DCanvasBlank: "const is2DCanvasBlank = () => true;",
  WorkerWrapper: "",
  // Frames of other origins are not recorded: rrweb would trust messages that anybody can post.
  CrossOriginIframeMirror: "class CrossOriginIframeMirror {}",
  initFontObserver: "const initFontObserver = () => () => {};",
  // What masking keeps of meta elements is nothing at all; see slimDOMExcluded below.
  slimDOMDefaults: "const slimDOMDefaults = (options) => options || {};",
  slimDOMExcluded:
    "const slimDOMExcluded = (sn, slim) => slim.all && " +
    "(sn.type === 5 || sn.type === 2 && /^(script|meta|base|template)$/.test(sn.tagName));",
  BaseRRNode: "class BaseRRNode {}",
  polyfill: "const polyfill = () => {};",
  // Recording follows the page's own call and never stands before it; see replay/stylesheets.ts.
  initStyleSheetObserver: 'import { watchSheets as initStyleSheetObserver } from "vigie-stylesheets";',
  initStyleDeclarationObserver:
    'import { watchDeclarations as initStyleDeclarationObserver } from "vigie-stylesheets";',
};

/** Single places: what stands there, and what is to. */
const CHANGED = [
  [/^const jsContent = .*$/m, ""],
  [/^const blob = typeof self.*$/m, ""],
  [/^let _mirror = \{[\s\S]*?^\};$/m, ""],
  [/^if \(typeof window !== "undefined" && window\.Proxy[\s\S]*?^\}$/m, ""],
  // It would put a function of its own in the place of the page's Array.from.
  [/^try \{\n {2}if \(Array\.from\(\[1\][\s\S]*?^\}$/m, ""],
  [/^ {2}transformCrossOriginEvent\(iframeEl, e\) \{[\s\S]*?^ {2}\}$/m, ""],
  [/^ {2}handleMessage\(message\) \{[\s\S]*?^ {2}\}$/m, ""],
  [/^ {2}replace\(iframeMirror, [\s\S]*?(?=^ {2}patchRootIdOnNode)/m, ""],
  [/^ {2}patchRootIdOnNode\(node, rootId\) \{[\s\S]*?^ {2}\}$/m, ""],
  [/if \(tagName === "canvas" && recordCanvas\) \{[\s\S]*?^ {2}\}$/m, ""],
  [/if \(tagName === "img" && inlineImages\) \{[\s\S]*?^ {2}\}$/m, ""],
  // An attribute in the page's own elements; see also getInputType.
  ['target.setAttribute("data-rr-is-password", "true")', "wasPassword.add(target)"],
  ['element.hasAttribute("data-rr-is-password")', "wasPassword.has(element)"],
  ["const mirror = createMirror();", "const mirror = createMirror(); const wasPassword = new WeakSet();"],
  ["record.mirror = mirror;", "record.mirror = mirror; record.wasPassword = wasPassword;"],
  // A style attribute set by its text is what a strict CSP forbids, in any document.
  ['old.setAttribute("style", m.oldValue)', "old.style.cssText = m.oldValue"],
  // The page's attachShadow must not fail with us.
  [
    "if (shadowRootEl && inDom(this))\n              manager.addShadowRoot(shadowRootEl, doc);",
    "try { if (shadowRootEl && inDom(this)) manager.addShadowRoot(shadowRootEl, doc); } catch {}",
  ],
  // Their buffers would pile up with every snapshot.
  [
    "this.restoreHandlers.push(() => observer.disconnect());",
    "const buffer = mutationBuffers[mutationBuffers.length - 1];\n" +
      "this.restoreHandlers.push(() => {\n" +
      "  observer.disconnect(); mutationBuffers.splice(mutationBuffers.indexOf(buffer), 1);\n});",
  ],
  // What another tool has wrapped since stays as that tool left it.
  ["return () => {\n      source[name] = original;", "return () => {\n      if (source[name] === wrapped) source[name] = original;"],
  [
    "return () => hookSetter(target, key, original || {}, true);",
    "const setter = () => (Object.getOwnPropertyDescriptor(target, key) || {}).set;\n" +
      "const ours = setter();\n" +
      "return () => setter() === ours && hookSetter(target, key, original || {}, true);",
  ],
  // Buffers of a recording that was stopped would be kept, and asked, for ever.
  ["processedNodeManager.destroy();\n      recording = false;", "mutationBuffers.length = 0;\n      recording = false;"],
];

/** The text of @rrweb/record as we bundle it. */
export function trimmed(text) {
  for (const [name, by] of Object.entries(REPLACED)) {
    text = once(text, new RegExp(`^(?:function|class) ${name}\\b[\\s\\S]*?^\\}$`, "m"), by);
  }
  return CHANGED.reduce((whole, [what, by]) => once(whole, what, by), text);
}

function once(text, what, by) {
  const found = typeof what === "string" ? text.split(what).length - 1 : text.match(what) ? 1 : 0;
  if (found !== 1) throw new Error(`@rrweb/record: ${found} places for ${what}; trim_rrweb.mjs wants a look`);
  return text.replace(what, () => by);
}

/** For esbuild: @rrweb/record trimmed, with `stylesheets` in the place of two of its observers. */
export function trimRrweb(stylesheets) {
  return {
    name: "trim-rrweb",
    setup(build) {
      build.onResolve({ filter: /^vigie-stylesheets$/ }, () => ({ path: stylesheets }));
      build.onLoad({ filter: /@rrweb\/record\/dist\/record\.js$/ }, async ({ path }) => ({
        contents: trimmed(await readFile(path, "utf8")),
      }));
    },
  };
}
