/** One event as its vendor would post it. */
export type Sample = {
  eventType: string;
  /** The vendor's own id of the event, which makes a second copy a duplicate. */
  messageId: string;
  userId: string;
  body: string;
};

export type SampleUser = { id: string; name: string; email: string };

/** What a kind of source needs to be imitated. */
export type SampleSet = {
  /** Request headers that the vendor sets on every post. */
  headers: Record<string, string>;
  /** Header that carries a shared secret, where the kind has one. */
  secretHeader?: string;
  /** Makes the user known, so that what follows has somebody to be for. */
  identify(user: SampleUser): Sample;
  /** An event of a type as the kind derives it; undefined when the kind sends no such type. */
  ofType(eventType: string, user: SampleUser): Sample | undefined;
  /** Event types of a busy day and how often each comes. */
  mix: readonly { eventType: string; weight: number }[];
};
