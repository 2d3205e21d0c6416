/** Where resources name images. */
import { compact } from "../configs/compact";
import { at, type Declared } from "./declared";
import { podContainers } from "./pods";

export const isDockerContainer = ({ type }: Declared): boolean => type === "docker:index/container:Container";

/** The images that a resource names, and what messages call their holders. */
export const imagesOf = (resource: Declared): readonly { readonly title: string; readonly image: unknown }[] =>
  compact([
    ...podContainers(resource).map(({ title, spec }) => ({ title, image: at(spec, "image") })),
    isDockerContainer(resource) && { title: "the container", image: resource.props.image },
    resource.type === "docker:index/remoteImage:RemoteImage" && { title: "the image", image: resource.props.name },
  ]);

/** Whether a reference means the same bytes for ever: an image's id, or a reference with a digest. */
export const hasDigest = (image: string): boolean => /(^|@)sha256:[0-9a-f]{64}$/.test(image);
