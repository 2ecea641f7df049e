/** What rrweb records, as far as we look into it. */

export const enum EventType {
  FullSnapshot = 2,
  Incremental = 3,
  Meta = 4,
  Custom = 5,
}

export const enum Source {
  Mutation = 0,
  MouseMove = 1,
  MouseInteraction = 2,
  Scroll = 3,
  ViewportResize = 4,
  Input = 5,
  TouchMove = 6,
  MediaInteraction = 7,
  StyleSheetRule = 8,
  Drag = 12,
  StyleDeclaration = 13,
  Selection = 14,
  AdoptedStyleSheet = 15,
  CustomElement = 16,
}

export const enum NodeKind {
  Document = 0,
  DocumentType = 1,
  Element = 2,
  Text = 3,
}

export type Attributes = Record<string, unknown>;

export interface Serialized {
  type: NodeKind;
  id: number;
  tagName?: string;
  attributes?: Attributes;
  childNodes?: Serialized[];
  textContent?: string;
  name?: string;
  publicId?: string;
  systemId?: string;
}

export interface Mutation {
  source: Source.Mutation;
  texts: { id: number; value: string | null }[];
  attributes: { id: number; attributes: Attributes }[];
  removes: { id: number; parentId: number }[];
  adds: { parentId: number; nextId: number | null; node: Serialized }[];
}

interface Rule {
  rule: string;
}

export interface Changes {
  source: Source;
  id?: number;
  text?: string;
  isChecked?: boolean;
  adds?: Rule[];
  replace?: string;
  replaceSync?: string;
  set?: { property: string; value: string | null };
  styles?: { rules: Rule[] }[];
}

export interface RecordedEvent {
  type: number;
  timestamp: number;
  data: unknown;
}

export interface Mirror {
  getNode(id: number): Node | null;
  getId(node: Node): number;
}
