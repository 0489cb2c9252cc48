/** Bindings that the Durable Objects use. The edge Worker's environment extends this. */
import type { Coordinator } from './coordinator/coordinator.ts';
import type { Directory } from './directory/directory.ts';
import type { Region } from './region/region.ts';
import type { TraceEnv } from './tracing.ts';

export interface ObjectsEnv extends TraceEnv {
  DIRECTORY: DurableObjectNamespace<Directory>;
  COORDINATOR: DurableObjectNamespace<Coordinator>;
  REGION: DurableObjectNamespace<Region>;
  /** The encoder's artifact. */
  ASSETS: Fetcher;
  /** `development` allows what only local runs may do; anything else is production. */
  FEDCAR_ENVIRONMENT?: string;
  /** `cron`, in development only: the objects take the time of the cron handler for the present, as a bench gives it. */
  FEDCAR_CLOCK?: string;
  /** Requests a minute of a token that has no limit of its own. */
  FEDCAR_REQUESTS_PER_MINUTE?: string;
  /** Folder of the encoder's artifact among the assets. */
  FEDCAR_MODEL?: string;
  /** Address of another operator's deployment whose rounds this one's regions take part in. */
  FEDCAR_JOIN_URL?: string;
  /** A secret: invitations to it, `region=invitation` separated by commas; a bare one is for the first region. */
  FEDCAR_JOIN_INVITE?: string;
  /** Which weak terms they take there, as the flags of `fedcar join` of the same names: `1`, or a number. */
  FEDCAR_JOIN_ALLOW_PLAIN?: string;
  FEDCAR_JOIN_ALLOW_NO_NOISE?: string;
  FEDCAR_JOIN_ALLOW_SPARSE?: string;
  FEDCAR_JOIN_MAX_EPSILON?: string;
  FEDCAR_JOIN_MAX_DELTA?: string;
  FEDCAR_JOIN_MIN_COLLUDERS?: string;
  /** Whom they work with there, and how much noise they add by themselves, as those flags too. */
  FEDCAR_JOIN_MAX_MEMBERS?: string;
  FEDCAR_JOIN_ONLY_MEMBERS?: string;
  FEDCAR_JOIN_OWN_EPSILON?: string;
  /** Regions of the collection `default`, separated by commas. */
  FEDCAR_REGIONS?: string;
  /** `eu` or `fedramp`: where the objects of the collection `default` have to stay. */
  FEDCAR_JURISDICTION?: string;
}
