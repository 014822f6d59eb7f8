export type AlarmState = 'raised' | 'over';

/** The newest change of an alarm. */
export type NotedChange = {
  state: AlarmState;
  /** When CloudWatch changed the state. */
  atMs: number;
  /** As the alarm itself says it. */
  description: string;
  /** The watched value when it changed; absent if CloudWatch does not say it. */
  value?: number;
};

/** What a channel was told last of an alarm. */
export type Announced = Pick<NotedChange, 'state' | 'atMs'> & {
  /** When the alarm was raised that this began or ended. */
  sinceMs: number;
};

export type KnownAlarm = { change: NotedChange; told: Map<string, Announced> };

/**
 * What changed, and what each channel knows of it. So a message that comes twice is told once, and
 * what changes together is told together, by one of the calls that heard of it.
 *
 * Each call @throws RetryableError when the table is throttled or unavailable: the message comes again
 */
export interface Announcements {
  /** Ignored when a later change is known. */
  noteChange(alarm: string, change: NotedChange): Promise<void>;
  /** By alarm. Every change that was noted before this call is in it. */
  read(): Promise<Map<string, KnownAlarm>>;
  /** Ignored when the channel knows a later change already. */
  noteTold(alarm: string, channel: string, announced: Announced): Promise<void>;
  /**
   * The exclusive turn to tell, until `untilMs` if it is not ended before.
   * @returns false while another call has it, which reads again after its end
   */
  takeTurn(nowMs: number, untilMs: number): Promise<boolean>;
  endTurn(untilMs: number): Promise<void>;
}
