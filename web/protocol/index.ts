/** The chat protocol for browsers: frames, a connection that loses nothing, and the HTTP calls beside it. */
export * from './frames';
export * from './api';
export { ChatConnection } from './connection';
export type { SendOptions, Socket, SocketHandlers } from './options';
export type { ConversationView, Delivery, EndReason, PendingMessage, Status } from './view';
export type { KeyValueStore } from './outbox';
export type { EarlierVersion, Entry, ErrorEntry, MessageEntry, Question, ToolEntry } from './transcript';
