/**
 * A component that is drawn again only if one of its properties is another value.
 */
import { Component, type ComponentType, type FunctionComponent } from "preact";

export function pure<Props extends object>(Draw: FunctionComponent<Props>): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return !sameValues(this.props, next);
    }
    override render() {
      return <Draw {...(this.props as Props)} />;
    }
  };
}

function sameValues(one: object, other: object): boolean {
  const before = one as Record<string, unknown>;
  const after = other as Record<string, unknown>;
  const keys = Object.keys(after);
  return keys.length === Object.keys(before).length && keys.every((key) => Object.is(before[key], after[key]));
}
