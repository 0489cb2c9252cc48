/** The encoder's artifact from the deployment's static assets. */
import type { ArtifactSource } from '../models/manifest.ts';

export function assetSource(assets: Fetcher, folder: string): ArtifactSource {
  return {
    async read(name) {
      // The host is not looked at: the binding serves the deployment's own files.
      const response = await assets.fetch(`https://assets.local/${folder}/${name}`);
      if (!response.ok) throw new Error(`artifact ${folder}/${name}: assets answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
