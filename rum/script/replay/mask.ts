/**
 * Keeps secrets out of a recording: what is not known to be harmless is masked or left out, whatever
 * the recorder wrote down. All texts, all fields, all images, but where the site says that they may be
 * seen (data-vigie-unmask).
 *
 * It works on the finished events, and not by the recorder's own options: those let pass a text right
 * below a shadow root, all attributes, comments and addresses.
 */

import { maskAttributes, maskValue, type Owner } from "./attributes";
import { hideText, hideValue } from "./hide";
import { maskCss } from "./mask_css";
import { isSecret, isShown, MASK, UNMASK } from "./shown";
import {
  EventType,
  NodeKind,
  Source,
  type Changes,
  type Mirror,
  type Mutation,
  type RecordedEvent,
  type Serialized,
} from "./wire";

/** Sources that hold ids, places and numbers only. */
const HARMLESS_SOURCES: ReadonlySet<number> = new Set([
  Source.MouseMove,
  Source.MouseInteraction,
  Source.Scroll,
  Source.ViewportResize,
  Source.TouchMove,
  Source.MediaInteraction,
  Source.Drag,
  Source.Selection,
  Source.CustomElement,
]);

export interface Masking {
  readonly mirror: Mirror;
  /** Fields that were of the type password once. */
  readonly wasPassword: WeakSet<Node>;
  /** The page as rum.js names it. */
  page(): string;
}

/** Masks an event in place; false where nothing of it may be kept. */
export function mask(event: RecordedEvent, masking: Masking): boolean {
  const { type } = event;
  if (type < EventType.FullSnapshot) return true;
  if (type === EventType.FullSnapshot) {
    maskNode((event.data as { node: Serialized }).node, false, "", masking, true);
    return true;
  }
  if (type === EventType.Meta) {
    (event.data as { href: string }).href = location.origin + "/" + masking.page().replace(/^\//, "");
    return true;
  }
  return type === EventType.Incremental && maskChanges(event.data as Changes, masking);
}

function maskChanges(data: Changes, masking: Masking): boolean {
  if (HARMLESS_SOURCES.has(data.source)) return true;
  if (data.source === Source.Mutation) return maskMutation(data as unknown as Mutation, masking);
  if (data.source === Source.Input) return maskInput(data, masking);
  data.adds?.forEach(maskRule);
  data.styles?.forEach(({ rules }) => rules.forEach(maskRule));
  if (data.replace !== undefined) data.replace = maskCss(data.replace, true);
  if (data.replaceSync !== undefined) data.replaceSync = maskCss(data.replaceSync, true);
  if (data.set) data.set.value = maskValue(data.set.property, String(data.set.value ?? ""), true);
  return [Source.StyleSheetRule, Source.StyleDeclaration, Source.AdoptedStyleSheet].includes(data.source);
}

function maskRule(one: { rule: string }): void {
  one.rule = maskCss(one.rule, true);
}

function maskInput(data: Changes, { mirror, wasPassword }: Masking): boolean {
  const field = mirror.getNode(data.id!) as HTMLInputElement | null;
  if (isShown(field) && !isSecret(field, wasPassword)) return true;
  // Which box was ticked may tell as much as a text.
  if (/^(?:radio|checkbox)$/.test(field?.type || "")) return false;
  data.text = hideValue(data.text || "");
  data.isChecked = false;
  return true;
}

function maskMutation(data: Mutation, masking: Masking): boolean {
  const { mirror } = masking;
  for (const { node } of data.adds) {
    const real = mirror.getNode(node.id);
    maskNode(node, isShown(real), tagOf(real?.parentNode), masking, false);
  }
  data.texts.forEach((text) => {
    if (text.value !== null) text.value = textOf(mirror.getNode(text.id), text.value);
  });
  data.attributes = data.attributes.filter((one) => {
    const element = mirror.getNode(one.id);
    const shown = isShown(element);
    one.attributes = maskAttributes(one.attributes, ownerOf(element, tagOf(element), shown, masking));
    return Object.keys(one.attributes)[0];
  });
  return !!(data.adds[0] || data.texts[0] || data.attributes[0] || data.removes[0]);
}

/** A text as it may be kept. */
export function textOf(node: Node | null, text: string): string {
  const parent = node?.parentNode;
  if (tagOf(parent) === "style") return maskCss(text, true);
  // The value of a field, of which not even the length is told.
  if (tagOf(parent) === "textarea") return hideValue(text);
  return isShown(node) ? text : hideText(text);
}

/** Masks a serialized node and all below it. `parent`: the tag of what it is in. */
function maskNode(
  node: Serialized,
  shown: boolean,
  parent: string,
  masking: Masking,
  measure: boolean,
): void {
  const tag = (node.tagName || "").toLowerCase();
  if (node.type === NodeKind.Element) {
    const found = node.attributes || {};
    if (MASK in found) shown = false;
    else if (UNMASK in found) shown = true;
    const real = masking.mirror.getNode(node.id);
    node.attributes = maskAttributes(found, ownerOf(real, tag, shown, masking));
    if (measure && !shown) keepPlace(node, real);
  } else if (node.type === NodeKind.Text) {
    const text = node.textContent || "";
    if (parent === "style") node.textContent = maskCss(text, true);
    else if (parent === "textarea") node.textContent = hideValue(text);
    else if (!shown) node.textContent = hideText(text);
  } else if (node.type === NodeKind.DocumentType) {
    if (!/^-\/\/(?:W3C|IETF)\/\//.test(node.publicId || "")) node.publicId = "";
    node.systemId = "";
  } else if (node.type !== NodeKind.Document) {
    node.textContent = "";
  }
  node.childNodes?.forEach((child) => maskNode(child, shown, tag, masking, measure));
}

/** An image that may not be seen leaves a grey box of its size. Measured only while all is read anyway. */
function keepPlace(node: Serialized, real: Node | null): void {
  if (!/^(?:img|video|object|embed|canvas)$/.test(node.tagName || "") || !real) return;
  const { width, height } = (real as Element).getBoundingClientRect();
  if (!width || !height) return;
  const style = String(node.attributes!.style || "");
  Object.assign(node.attributes!, {
    rr_width: `${width}px`,
    rr_height: `${height}px`,
    style: `${style};background:#8884`,
  });
}

export function ownerOf(element: Node | null, tag: string, shown: boolean, masking: Masking): Owner {
  const field = /^(?:input|textarea|select)$/.test(tag);
  const type = (element as HTMLInputElement | null)?.type || "";
  return {
    tag,
    shown,
    secret: field && isSecret(element, masking.wasPassword),
    sheet: tag === "link" && /stylesheet/i.test((element as HTMLLinkElement | null)?.rel || ""),
    button: tag === "input" && /^(?:button|submit|reset)$/.test(type),
  };
}

export function tagOf(node: Node | null | undefined): string {
  return ((node as Element | null | undefined)?.tagName || "").toLowerCase();
}
