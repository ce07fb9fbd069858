//! A spanning tree with the outside as its root.

use dure_rules::energy::clearing::{Node, OUTSIDE};

/// No node: at the end of a list of children.
const NONE: Node = Node::MAX;

/// How a node hangs in the tree.
#[derive(Clone, Copy)]
struct Branch {
    parent: Node,
    /// The arc between the node and its parent.
    arc: u32,
    depth: u32,
    first_child: Node,
    next: Node,
    previous: Node,
}

pub struct Tree {
    branches: Vec<Branch>,
}

impl Tree {
    /// Every node hangs at the outside by its arc of `arcs` (that of the outside means nothing).
    pub fn star(arcs: &[u32]) -> Self {
        let lone = Branch { parent: OUTSIDE, arc: 0, depth: 0, first_child: NONE, next: NONE, previous: NONE };
        let mut tree = Self { branches: vec![lone; arcs.len()] };
        for (node, arc) in (0..).zip(arcs).skip(1) {
            tree.link(node, OUTSIDE, *arc);
            tree.branches[node as usize].depth = 1;
        }
        tree
    }

    pub fn parent(&self, node: Node) -> Node {
        self.branches[node as usize].parent
    }

    /// The arc to the parent.
    pub fn arc(&self, node: Node) -> u32 {
        self.branches[node as usize].arc
    }

    pub fn depth(&self, node: Node) -> u32 {
        self.branches[node as usize].depth
    }

    /// Cuts the branch of `cut` off and hangs it at `anchor` by `arc`, whose other end `inside` is in that branch; then visits each of its
    /// nodes. The arcs between `inside` and `cut` stay and change their direction in the tree.
    pub fn rehang(&mut self, cut: Node, inside: Node, anchor: Node, arc: u32, visit: impl FnMut(Node)) {
        let (mut node, mut parent, mut by) = (inside, anchor, arc);
        loop {
            let Branch { parent: above, arc: old, .. } = self.branches[node as usize];
            self.unlink(node);
            self.link(node, parent, by);
            if node == cut {
                break;
            }
            (parent, node, by) = (node, above, old);
        }
        self.walk(inside, visit);
    }

    /// Every node below `top` and itself, parents first; sets their depths.
    fn walk(&mut self, top: Node, mut visit: impl FnMut(Node)) {
        let mut node = top;
        loop {
            let above = self.depth(self.parent(node));
            self.branches[node as usize].depth = above + 1;
            visit(node);
            let below = self.branches[node as usize].first_child;
            if below != NONE {
                node = below;
                continue;
            }
            while node != top && self.branches[node as usize].next == NONE {
                node = self.parent(node);
            }
            if node == top {
                return;
            }
            node = self.branches[node as usize].next;
        }
    }

    fn link(&mut self, node: Node, parent: Node, arc: u32) {
        let first = std::mem::replace(&mut self.branches[parent as usize].first_child, node);
        if first != NONE {
            self.branches[first as usize].previous = node;
        }
        let branch = &mut self.branches[node as usize];
        (branch.parent, branch.arc, branch.next, branch.previous) = (parent, arc, first, NONE);
    }

    fn unlink(&mut self, node: Node) {
        let Branch { parent, next, previous, .. } = self.branches[node as usize];
        if next != NONE {
            self.branches[next as usize].previous = previous;
        }
        if previous == NONE {
            self.branches[parent as usize].first_child = next;
        } else {
            self.branches[previous as usize].next = next;
        }
    }
}
