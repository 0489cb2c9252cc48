/** Files of tests share modules: schemas made before this was loaded could not be described in whichever came later. */
import '@hono/zod-openapi';
