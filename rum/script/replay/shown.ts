/** What the site allows to be seen: data-vigie-unmask on an element, until a data-vigie-mask within it. */

export const UNMASK = "data-vigie-unmask";
export const MASK = "data-vigie-mask";

/** Whether the texts of a node may be seen; nothing may where nobody said so. */
export function isShown(node: Node | null): boolean {
  for (let at = node; at; at = hostOf(at)) {
    const element = at.nodeType === 1 ? (at as Element) : at.parentElement;
    const marked = element?.closest(`[${MASK}],[${UNMASK}]`);
    if (marked) return !marked.hasAttribute(MASK);
  }
  return false;
}

/** The element whose shadow or frame the node is in. */
function hostOf(node: Node): Element | null {
  const root = node.getRootNode();
  // By their numbers: in another frame the classes are others; and links, too, have a `host`.
  if (root.nodeType === 11) return (root as ShadowRoot).host || null;
  return root.nodeType === 9 ? (root as Document).defaultView?.frameElement || null : null;
}

const SECRET_AUTOCOMPLETE = /password|one-time-code|cc-/;

/** Fields that are masked even in the midst of what is shown. */
export function isSecret(node: Node | null, wasPassword: WeakSet<Node>): boolean {
  const { type = "", autocomplete = "" } = (node || {}) as Partial<HTMLInputElement>;
  return (
    !node || /^(?:password|hidden)$/.test(type) || wasPassword.has(node) || SECRET_AUTOCOMPLETE.test(autocomplete)
  );
}
