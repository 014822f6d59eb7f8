/** An event of the baseline as its ingest would hand it on: the request's body and what is known beside it. */
export type EventMessage = {
  id: string;
  source: string;
  receivedAt: string;
  headers: Record<string, string>;
  body: {
    type: string;
    event?: string;
    messageId: string;
    userId: string;
    properties?: Record<string, string | number>;
  };
};

/** One action of one event. */
export type ActionMessage = {
  id: string;
  execution: string;
  mapping: string;
  workflow: string;
  recipient: string;
  data: Record<string, string | number>;
};
