/** Tells a reader something. Resolves once they took it; rejects once they have gone. */
export type Tell<Event> = (event: Event) => Promise<void>;
