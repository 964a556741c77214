/** Keeps the rest alive when a view throws, or when its files are gone because a newer version was deployed. */
import { Component, type ReactNode } from "react";
import { Trouble } from "../shared/Trouble";

export class FailureBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <Trouble error={this.state.error} retry={() => window.location.reload()} />;
  }
}
